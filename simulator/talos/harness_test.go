package talos

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/inferadb/infra/simulator/network"
	"github.com/inferadb/infra/simulator/schema"
	"github.com/inferadb/infra/simulator/store"
	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/configpatcher"
	"github.com/siderolabs/talos/pkg/machinery/config/generate"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
	"github.com/siderolabs/talos/pkg/machinery/config/machine"
	"github.com/siderolabs/talos/pkg/machinery/role"
	"github.com/stretchr/testify/require"
)

const endpoint = "api.test.internal"

// harness is a small cloud: three control planes, two workers, a name that leads to the control planes on 6443.
type harness struct {
	t        *testing.T
	journal  *store.Journal
	bundle   *secrets.Bundle
	machines []network.Machine
	// blocked are the packets that a firewall drops: "from>to:port", where the operator is "".
	blocked map[string]bool
	// names lead to machines.
	names map[string][]string
}

func newHarness(t *testing.T) *harness {
	t.Helper()
	journal, err := store.Open(t.TempDir())
	require.NoError(t, err)
	h := &harness{t: t, journal: journal, bundle: ours(), blocked: map[string]bool{}, names: map[string][]string{
		endpoint: {"cp-1", "cp-2", "cp-3"},
	}}
	for _, name := range []string{"cp-1", "cp-2", "cp-3"} {
		h.start(name, h.document(machine.TypeControlPlane))
	}
	for _, name := range []string{"worker-1", "worker-2"} {
		h.start(name, h.document(machine.TypeWorker))
	}
	return h
}

// Making a cluster's keys takes a second: all tests share two clusters' secrets.
var ours, strangers = sync.OnceValue(newBundle), sync.OnceValue(newBundle)

func newBundle() *secrets.Bundle {
	bundle, err := secrets.NewBundle(secrets.NewClock(), config.TalosVersionCurrent)
	if err != nil {
		panic(err)
	}
	return bundle
}

// start adds a machine whose id and name are the same, and whose address follows from the order.
func (h *harness) start(name, userData string) {
	h.machines = append(h.machines, network.Machine{
		ID: name, Name: name, Provider: "aws", Region: "us-east-1", UserData: []byte(userData),
		PrivateIP: fmt.Sprintf("10.0.0.%d", len(h.machines)+1),
	})
}

func (h *harness) stop(names ...string) {
	for _, name := range names {
		for i, m := range h.machines {
			if m.Name == name {
				h.machines = append(h.machines[:i:i], h.machines[i+1:]...)
				break
			}
		}
	}
}

func (h *harness) Deliver(from, to network.Machine, port network.Port) error {
	if h.blocked[from.Name+">"+to.Name+":"+port.String()] {
		return errors.New("the firewall drops it")
	}
	return nil
}

func (h *harness) ReachService(from network.Machine, service network.Service) error {
	if h.blocked[from.Name+">"+string(service)] {
		return errors.New("there is no way out")
	}
	return nil
}

func (h *harness) address(name string) string {
	for _, m := range h.machines {
		if m.Name == name {
			return m.PrivateIP
		}
	}
	return name
}

// document is a machine configuration, patched.
func (h *harness) document(kind machine.Type, patches ...string) string {
	return documentOf(h.t, h.bundle, kind, patches...)
}

func documentOf(t *testing.T, bundle *secrets.Bundle, kind machine.Type, patches ...string) string {
	t.Helper()
	input, err := generate.NewInput("test", "https://"+endpoint+":6443", "1.35.0", generate.WithSecretsBundle(bundle))
	require.NoError(t, err)
	document, err := input.Config(kind)
	require.NoError(t, err)
	loaded, err := configpatcher.LoadPatches(patches)
	require.NoError(t, err)
	patched, err := configpatcher.Apply(configpatcher.WithConfig(document), loaded)
	require.NoError(t, err)
	text, err := patched.Bytes()
	require.NoError(t, err)
	return string(text)
}

func (h *harness) Machines() []network.Machine { return h.machines }

func (h *harness) Dial(from *network.Machine, host string, port int) ([]network.Machine, error) {
	sender := ""
	if from != nil {
		sender = from.Name
	}
	names, balanced := h.names[host]
	if balanced && port != kubernetesPort {
		return nil, errors.New("no listener on the port")
	}
	var found []network.Machine
	for _, m := range h.machines {
		for _, name := range append([]string{host}, names...) {
			if m.PrivateIP != name && m.Name != name {
				continue
			}
			if h.blocked[fmt.Sprintf("%s>%s:%d", sender, m.Name, port)] {
				return nil, errors.New("the firewall drops it")
			}
			found = append(found, m)
		}
	}
	if len(found) == 0 {
		return nil, errors.New("no such machine")
	}
	return found, nil
}

// client is an administrator's clientConfiguration for a bundle.
func client(t *testing.T, bundle *secrets.Bundle) map[string]any {
	t.Helper()
	admin, err := bundle.GenerateTalosAPIClientCertificateWithTTL(role.MakeSet(role.Admin), time.Hour)
	require.NoError(t, err)
	encode := base64.StdEncoding.EncodeToString
	return map[string]any{
		"caCertificate": encode(bundle.Certs.OS.Crt), "clientCertificate": encode(admin.Crt), "clientKey": encode(admin.Key),
	}
}

// call is a request to create something about a node, through itself.
func (h *harness) call(node string, more store.Values) *schema.Call {
	inputs := store.Values{"clientConfiguration": client(h.t, h.bundle), "node": h.address(node)}
	for name, value := range more {
		inputs[name] = value
	}
	state := inputs.Clone()
	if !state.Has("applyMode") {
		state["applyMode"] = "auto"
	}
	return &schema.Call{Context: context.Background(), Network: h, Inputs: inputs, State: state}
}

// do runs a behavior as the plugin does: what a failed one changed is forgotten, unless it is done.
func (h *harness) do(behavior func(*schema.Call) error, call *schema.Call) error {
	var late error
	err := h.journal.Do(func(st *store.Store) error {
		call.Store = st
		err := behavior(call)
		if errors.As(err, &done{}) {
			late = err
			return nil
		}
		return err
	})
	return errors.Join(err, late)
}

func (h *harness) bootstrap() {
	h.t.Helper()
	require.NoError(h.t, h.do(createBootstrap, h.call("cp-1", nil)))
}

// report is the status of every machine by name.
func (h *harness) report() map[string]NodeStatus {
	h.t.Helper()
	statuses := map[string]NodeStatus{}
	require.NoError(h.t, h.journal.Do(func(st *store.Store) error {
		list, err := Report(h, st)
		for _, status := range list {
			statuses[status.Node] = status
		}
		return err
	}))
	return statuses
}

func zipped(t *testing.T, text string) string {
	t.Helper()
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	_, err := writer.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, writer.Close())
	return packed.String()
}
