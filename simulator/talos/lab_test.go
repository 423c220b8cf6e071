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

	"github.com/inferadb/infra/simulator/catalogue"
	"github.com/inferadb/infra/simulator/site"
	"github.com/inferadb/infra/simulator/world"
	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/configpatcher"
	"github.com/siderolabs/talos/pkg/machinery/config/generate"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
	"github.com/siderolabs/talos/pkg/machinery/config/machine"
	"github.com/siderolabs/talos/pkg/machinery/role"
	"github.com/stretchr/testify/require"
)

const endpoint = "api.test.internal"

// lab is a small cloud: three control planes, two workers, a name that leads to the control planes on 6443.
type lab struct {
	t        *testing.T
	store    *world.Store
	bundle   *secrets.Bundle
	machines []site.Machine
	// blocked are the packets that a firewall drops: "from>to:port", where the operator is "".
	blocked map[string]bool
	// names lead to machines.
	names map[string][]string
}

func newLab(t *testing.T) *lab {
	t.Helper()
	store, err := world.Open(t.TempDir())
	require.NoError(t, err)
	l := &lab{t: t, store: store, bundle: ours(), blocked: map[string]bool{}, names: map[string][]string{
		endpoint: {"cp-1", "cp-2", "cp-3"},
	}}
	for _, name := range []string{"cp-1", "cp-2", "cp-3"} {
		l.start(name, l.document(machine.TypeControlPlane))
	}
	for _, name := range []string{"worker-1", "worker-2"} {
		l.start(name, l.document(machine.TypeWorker))
	}
	return l
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
func (l *lab) start(name, userData string) {
	l.machines = append(l.machines, site.Machine{
		ID: name, Name: name, Provider: "aws", Region: "us-east-1", UserData: []byte(userData),
		PrivateIP: fmt.Sprintf("10.0.0.%d", len(l.machines)+1),
	})
}

func (l *lab) stop(names ...string) {
	for _, name := range names {
		for i, m := range l.machines {
			if m.Name == name {
				l.machines = append(l.machines[:i:i], l.machines[i+1:]...)
				break
			}
		}
	}
}

func (l *lab) Deliver(site.Machine, site.Machine, site.Port) error { return nil }
func (l *lab) Leave(site.Machine, site.Service) error              { return nil }

func (l *lab) address(name string) string {
	for _, m := range l.machines {
		if m.Name == name {
			return m.PrivateIP
		}
	}
	return name
}

// document is a machine configuration, patched.
func (l *lab) document(kind machine.Type, patches ...string) string {
	return documentOf(l.t, l.bundle, kind, patches...)
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

func (l *lab) Machines() []site.Machine { return l.machines }

func (l *lab) Dial(from *site.Machine, host string, port int) ([]site.Machine, error) {
	sender := ""
	if from != nil {
		sender = from.Name
	}
	names, balanced := l.names[host]
	if balanced && port != kubernetesPort {
		return nil, errors.New("no listener on the port")
	}
	var found []site.Machine
	for _, m := range l.machines {
		for _, name := range append([]string{host}, names...) {
			if m.PrivateIP != name && m.Name != name {
				continue
			}
			if l.blocked[fmt.Sprintf("%s>%s:%d", sender, m.Name, port)] {
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
func (l *lab) call(node string, more world.Values) *catalogue.Call {
	inputs := world.Values{"clientConfiguration": client(l.t, l.bundle), "node": l.address(node)}
	for name, value := range more {
		inputs[name] = value
	}
	state := inputs.Clone()
	if !state.Has("applyMode") {
		state["applyMode"] = "auto"
	}
	return &catalogue.Call{Context: context.Background(), Site: l, Inputs: inputs, State: state}
}

// do runs a behavior as the plugin does: what a failed one changed is forgotten, unless it is done.
func (l *lab) do(behaviour func(*catalogue.Call) error, call *catalogue.Call) error {
	var late error
	err := l.store.Do(func(w *world.World) error {
		call.World = w
		err := behaviour(call)
		if errors.As(err, &done{}) {
			late = err
			return nil
		}
		return err
	})
	return errors.Join(err, late)
}

func (l *lab) bootstrap() {
	l.t.Helper()
	require.NoError(l.t, l.do(createBootstrap, l.call("cp-1", nil)))
}

// report is the status of every machine by name.
func (l *lab) report() map[string]NodeStatus {
	l.t.Helper()
	statuses := map[string]NodeStatus{}
	require.NoError(l.t, l.store.Do(func(w *world.World) error {
		list, err := Report(l, w)
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
