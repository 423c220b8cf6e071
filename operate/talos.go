package operate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/cosi-project/runtime/pkg/safe"
	"github.com/inferadb/infra/machineconfig"
	"github.com/siderolabs/talos/pkg/machinery/api/machine"
	"github.com/siderolabs/talos/pkg/machinery/client"
	clientconfig "github.com/siderolabs/talos/pkg/machinery/client/config"
	talosconfig "github.com/siderolabs/talos/pkg/machinery/config"
	configresource "github.com/siderolabs/talos/pkg/machinery/resources/config"
	runtimeresource "github.com/siderolabs/talos/pkg/machinery/resources/runtime"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// talosNodes are the ways to the Talos APIs of a cluster: to each control plane by itself, so that one which is down is
// seen and does not answer for another, and to a worker through a control plane.
type talosNodes struct {
	controlPlanes map[string]*client.Client
}

// openTalos prepares the connections. They are created when they are used, through the proxy that the environment
// names.
func openTalos(ctx context.Context, c *Cluster) (*talosNodes, error) {
	t := &talosNodes{controlPlanes: map[string]*client.Client{}}
	for _, m := range c.ControlPlanes {
		access := *c.talos
		access.Endpoints, access.Nodes = []string{m.Endpoint}, nil
		file := &clientconfig.Config{Context: c.Name, Contexts: map[string]*clientconfig.Context{c.Name: &access}}
		connection, err := client.New(ctx, client.WithConfig(file))
		if err != nil {
			return nil, errors.Join(fmt.Errorf("the talosconfig of %s cannot be used: %w", c.Name, err), t.Close())
		}
		t.controlPlanes[m.Name] = connection
	}
	return t, nil
}

// Close ends the connections.
func (t *talosNodes) Close() error {
	var failed error
	for _, connection := range t.controlPlanes {
		failed = errors.Join(failed, connection.Close())
	}
	return failed
}

// reach returns the client and the context for a machine. The last argument names the control plane that forwards to a
// worker.
func (t *talosNodes) reach(ctx context.Context, m Machine, through string) (*client.Client, context.Context) {
	if own, ok := t.controlPlanes[m.Name]; ok {
		return own, ctx
	}
	return t.controlPlanes[through], client.WithNode(ctx, m.Address)
}

// versionOf asks a node for its Talos version: "v1.13.10".
func versionOf(ctx context.Context, c *client.Client) (string, error) {
	answer, err := c.Version(ctx)
	if err != nil {
		return "", err
	}
	if len(answer.GetMessages()) == 0 {
		return "", errors.New("it answered without a version")
	}
	return answer.Messages[0].GetVersion().GetTag(), nil
}

// bootIDOf asks a node for the id that Linux gives to each boot.
func bootIDOf(ctx context.Context, c *client.Client) (string, error) {
	file, err := c.Read(ctx, "/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", err
	}
	defer file.Close()
	text, err := io.ReadAll(file)
	return strings.TrimSpace(string(text)), err
}

// schematicOf returns the schematic of a node's image, which the Image Factory lists among the extensions. An image
// without any extension has the empty schematic; for other images it is not known and the result is empty.
// https://docs.siderolabs.com/talos/v1.13/learn-more/image-factory
func schematicOf(ctx context.Context, c *client.Client) (string, error) {
	list, err := safe.StateListAll[*runtimeresource.ExtensionStatus](ctx, c.COSI)
	if err != nil {
		return "", err
	}
	extended := false
	for extension := range list.All() {
		switch metadata := extension.TypedSpec().Metadata; metadata.Name {
		case "schematic":
			return metadata.Version, nil
		case "modules.dep":
			// The list of the extensions' kernel modules is there with any of them.
		default:
			extended = true
		}
	}
	if extended {
		return "", nil
	}
	return machineconfig.Schematic, nil
}

// configOf asks a node for the configuration that it runs. One that waits for a reboot is another resource.
func configOf(ctx context.Context, c *client.Client) (talosconfig.Provider, error) {
	live, err := safe.StateGetByID[*configresource.MachineConfig](ctx, c.COSI, configresource.ActiveID)
	if err != nil {
		return nil, fmt.Errorf("its configuration cannot be read: %s", reason(err))
	}
	return live.Provider(), nil
}

// etcdOf asks a control plane for its own view of etcd.
func etcdOf(ctx context.Context, c *client.Client) (EtcdView, error) {
	var view EtcdView
	members, err := c.EtcdMemberList(ctx, &machine.EtcdMemberListRequest{QueryLocal: true})
	if err != nil {
		return view, err
	}
	for _, message := range members.GetMessages() {
		for _, member := range message.GetMembers() {
			view.Members = append(view.Members, Member{
				ID: member.GetId(), Name: member.GetHostname(), Addresses: hostsOf(member.GetPeerUrls()),
				Learner: member.GetIsLearner(),
			})
		}
	}
	state, err := c.EtcdStatus(ctx)
	if err != nil {
		return view, err
	}
	for _, message := range state.GetMessages() {
		s := message.GetMemberStatus()
		view.ID, view.Leader, view.Learner = s.GetMemberId(), s.GetLeader(), s.GetIsLearner()
		view.AppliedIndex, view.Size, view.Errors = s.GetRaftAppliedIndex(), s.GetDbSize(), s.GetErrors()
		view.RaftIndex = s.GetRaftIndex()
	}
	alarms, err := c.EtcdAlarmList(ctx)
	if err != nil {
		return view, err
	}
	for _, message := range alarms.GetMessages() {
		for _, alarm := range message.GetMemberAlarms() {
			if alarm.GetAlarm() != machine.EtcdMemberAlarm_NONE {
				view.Alarms = append(view.Alarms, Alarm{Member: alarm.GetMemberId(), Kind: alarm.GetAlarm().String()})
			}
		}
	}
	return view, nil
}

// hostsOf returns the hosts of URLs.
func hostsOf(urls []string) []string {
	var hosts []string
	for _, text := range urls {
		if parsed, err := url.Parse(text); err == nil {
			hosts = append(hosts, canonical(parsed.Hostname()))
		}
	}
	return hosts
}

// mayHaveBegun reports whether a node may do what it was asked for: it said so, or the connection broke, which is no
// answer.
func mayHaveBegun(err error) bool {
	switch status.Code(err) {
	case codes.OK, codes.Unavailable, codes.DeadlineExceeded, codes.Canceled:
		return true
	}
	return false
}

// reason returns an error of a node in one line, without gRPC's wrapping.
func reason(err error) string {
	if err == nil {
		return ""
	}
	text := err.Error()
	if s, ok := status.FromError(err); ok {
		text = s.Message()
	}
	// The server knows the deadline as well, and cancels the stream when it is the first to see it pass.
	for _, late := range []string{"context deadline exceeded", "error code: CANCEL"} {
		if errors.Is(err, context.DeadlineExceeded) || strings.Contains(text, late) {
			return "no answer in time"
		}
	}
	return strings.Join(strings.Fields(text), " ")
}
