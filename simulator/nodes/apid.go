package nodes

import (
	"context"
	"crypto/tls"
	"net"
	"slices"
	"strings"
	"sync"

	"github.com/cosi-project/runtime/api/v1alpha1"
	"github.com/cosi-project/runtime/pkg/state/protobuf/server"
	"github.com/inferadb/infra/simulator/network"
	"github.com/inferadb/infra/simulator/store"
	"github.com/inferadb/infra/simulator/talos"
	"github.com/siderolabs/talos/pkg/machinery/api/common"
	"github.com/siderolabs/talos/pkg/machinery/api/machine"
	timeapi "github.com/siderolabs/talos/pkg/machinery/api/time"
	"github.com/siderolabs/talos/pkg/machinery/role"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// newApid returns a node's apid. It answers for the node itself, and forwards the requests that name other nodes.
// https://github.com/siderolabs/talos/tree/v1.13.0/internal/app/apid/pkg
func (n *node) newApid(config *tls.Config) *grpc.Server {
	s := grpc.NewServer(grpc.Creds(credentials.NewTLS(config)), grpc.UnaryInterceptor(n.unary),
		grpc.StreamInterceptor(n.stream))
	machine.RegisterMachineServiceServer(s, machineService{})
	machine.RegisterLifecycleServiceServer(s, lifecycleService{})
	machine.RegisterImageServiceServer(s, imageService{})
	timeapi.RegisterTimeServiceServer(s, timeService{})
	v1alpha1.RegisterStateServer(s, resourceService{})
	return s
}

// request is the metadata of a call.
type request struct {
	// entry is the node whose apid took the call, target the one that it is about.
	entry, target *node
	roles         role.Set
}

type requestKey struct{}

func requestOf(ctx context.Context) request { return ctx.Value(requestKey{}).(request) }

func targetOf(ctx context.Context) *node { return requestOf(ctx).target }

func (n *node) unary(ctx context.Context, in any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	names, several, err := addressed(ctx, info.FullMethod)
	if err != nil {
		return nil, err
	}
	if !several {
		ctx, err := n.prepare(ctx, info.FullMethod, names)
		if err != nil {
			return nil, err
		}
		return handle(ctx, in)
	}
	answers := make([]proto.Message, len(names))
	failures := make([]error, len(names))
	var asking sync.WaitGroup
	for i, name := range names {
		asking.Go(func() {
			ctx, err := n.prepare(ctx, info.FullMethod, []string{name})
			if err == nil {
				var answer any
				answer, err = handle(ctx, in)
				answers[i], _ = answer.(proto.Message)
			}
			failures[i] = err
		})
	}
	asking.Wait()
	return merge(info.FullMethod, names, answers, failures)
}

// addressed returns the nodes that a call names; none means the node itself. With several, each answer names its node.
func addressed(ctx context.Context, method string) (names []string, several bool, err error) {
	given, _ := metadata.FromIncomingContext(ctx)
	if nodes := given.Get("nodes"); len(nodes) > 0 {
		for _, service := range []string{"/cosi.", "/machine.LifecycleService/", "/machine.ImageService/"} {
			if strings.HasPrefix(method, service) {
				return nil, false, status.Errorf(codes.InvalidArgument, "one-2-many proxying is not supported for %s",
					method)
			}
		}
		return nodes, true, nil
	}
	return given.Get("node"), false, nil
}

// prepare finds the node that a call is about, and asks whether the client may make it.
func (n *node) prepare(ctx context.Context, method string, names []string) (context.Context, error) {
	r := request{entry: n, target: n, roles: rolesOf(ctx)}
	if len(names) > 0 {
		var err error
		if r.target, err = n.forward(names[0]); err != nil {
			return nil, err
		}
	}
	if !allowed(method).IncludesAny(r.roles) {
		return nil, status.Error(codes.PermissionDenied, "not authorized")
	}
	// A call about a node ends with the node.
	ctx, cancel := context.WithCancel(context.WithValue(ctx, requestKey{}, r))
	context.AfterFunc(r.target.ctx, cancel)
	return ctx, nil
}

// rolesOf reads the roles in the client's certificate.
func rolesOf(ctx context.Context) role.Set {
	from, _ := peer.FromContext(ctx)
	if from == nil {
		return role.Zero
	}
	transport, ok := from.AuthInfo.(credentials.TLSInfo)
	if !ok || len(transport.State.PeerCertificates) == 0 {
		return role.Zero
	}
	roles, _ := role.Parse(transport.State.PeerCertificates[0].Subject.Organization)
	return roles
}

// forward finds another node of the cluster. Only control planes forward.
func (n *node) forward(name string) (*node, error) {
	state := n.state()
	is := func(s talos.Node) bool { return name == s.PrivateIP || name == s.PublicIP || name == s.Name }
	if is(state) {
		return n, nil
	}
	if !state.ControlPlane {
		return nil, status.Error(codes.PermissionDenied, "no request forwarding")
	}
	for _, other := range n.daemon.runningNodes(state.Cluster) {
		if !is(other.state()) {
			continue
		}
		err := n.daemon.within(func(st *store.Store, clouds network.Network) error {
			view, err := talos.Look(clouds, st)
			if err != nil {
				return err
			}
			return view.Forwards(state.ID, other.state().ID)
		})
		if err != nil {
			return nil, status.Errorf(codes.Unavailable, "connection error: desc = %q", "transport: "+err.Error())
		}
		return other, nil
	}
	return nil, status.Errorf(codes.Unavailable, "connection error: desc = %q",
		"transport: Error while dialing: dial tcp "+net.JoinHostPort(name, "50000")+": connect: no route to host")
}

// merge puts the answers of several nodes into one, each with the node's name.
func merge(method string, names []string, answers []proto.Message, failures []error) (proto.Message, error) {
	i := slices.IndexFunc(answers, func(m proto.Message) bool { return m != nil })
	var merged protoreflect.Message
	if i >= 0 {
		merged = answers[i].ProtoReflect().New()
	} else {
		var err error
		if merged, err = responseOf(method); err != nil {
			return nil, failures[0]
		}
	}
	field := merged.Descriptor().Fields().ByName("messages")
	if field == nil {
		return nil, status.Errorf(codes.InvalidArgument, "%s cannot be asked of several nodes", method)
	}
	list := merged.Mutable(field).List()
	for i, name := range names {
		if failures[i] != nil {
			message := list.NewElement()
			label(message.Message(), &common.Metadata{
				Hostname: name, Error: failures[i].Error(), Status: status.Convert(failures[i]).Proto(),
			})
			list.Append(message)
			continue
		}
		answered := answers[i].ProtoReflect().Get(field).List()
		for j := range answered.Len() {
			label(answered.Get(j).Message(), &common.Metadata{Hostname: name})
			list.Append(answered.Get(j))
		}
	}
	return merged.Interface(), nil
}

// responseOf creates the answer of a method.
func responseOf(method string) (protoreflect.Message, error) {
	_, name, _ := strings.Cut(strings.TrimPrefix(method, "/"), "/")
	described := machine.File_machine_machine_proto.Services().ByName("MachineService").Methods().ByName(protoreflect.Name(name))
	if described == nil {
		return nil, status.Errorf(codes.Unimplemented, "%s", method)
	}
	found, err := findMessage(described.Output().FullName())
	if err != nil {
		return nil, err
	}
	return found.New(), nil
}

// label writes the metadata of a message that has any.
func label(message protoreflect.Message, meta *common.Metadata) {
	if field := message.Descriptor().Fields().ByName("metadata"); field != nil {
		message.Set(field, protoreflect.ValueOfMessage(meta.ProtoReflect()))
	}
}

func (n *node) stream(service any, stream grpc.ServerStream, info *grpc.StreamServerInfo,
	handle grpc.StreamHandler) error {
	names, several, err := addressed(stream.Context(), info.FullMethod)
	if err != nil {
		return err
	}
	if !several {
		ctx, err := n.prepare(stream.Context(), info.FullMethod, names)
		if err != nil {
			return err
		}
		return handle(service, &labeled{ServerStream: stream, ctx: ctx})
	}
	for _, name := range names {
		ctx, err := n.prepare(stream.Context(), info.FullMethod, []string{name})
		if err != nil {
			return err
		}
		if err := handle(service, &labeled{ServerStream: stream, ctx: ctx, name: name}); err != nil {
			return err
		}
	}
	return nil
}

// labeled is a stream about one node; with a name, each message names the node. It ends with the node.
type labeled struct {
	grpc.ServerStream
	ctx  context.Context
	name string
}

func (l *labeled) Context() context.Context { return l.ctx }

func (l *labeled) SendMsg(message any) error {
	if err := targetOf(l.ctx).ctx.Err(); err != nil {
		return status.Error(codes.Unavailable, "error reading from server: EOF")
	}
	if sent, ok := message.(proto.Message); ok && l.name != "" {
		label(sent.ProtoReflect(), &common.Metadata{Hostname: l.name})
	}
	return l.ServerStream.SendMsg(message)
}

// The roles that a method wants; without a row it wants an administrator.
// https://github.com/siderolabs/talos/blob/v1.13.0/internal/app/machined/internal/server/v1alpha1/v1alpha1_server.go
var (
	readers   = role.MakeSet(role.Admin, role.Operator, role.Reader)
	operators = role.MakeSet(role.Admin, role.Operator)
	backups   = role.MakeSet(role.Admin, role.Operator, role.EtcdBackup)
	admins    = role.MakeSet(role.Admin)

	methods = map[string]role.Set{
		"/cosi.resource.State/Get": readers, "/cosi.resource.State/List": readers,
		"/cosi.resource.State/Watch": readers,
		"/time.TimeService/Time":     readers, "/time.TimeService/TimeCheck": readers,
		"/machine.ImageService/List": readers, "/machine.ImageService/Pull": operators,
		"/machine.MachineService/EtcdAlarmDisarm": operators, "/machine.MachineService/EtcdAlarmList": readers,
		"/machine.MachineService/EtcdDefragment": operators, "/machine.MachineService/EtcdForfeitLeadership": operators,
		"/machine.MachineService/EtcdMemberList": readers, "/machine.MachineService/EtcdSnapshot": backups,
		"/machine.MachineService/EtcdStatus": readers, "/machine.MachineService/Events": readers,
		"/machine.MachineService/Hostname": readers, "/machine.MachineService/ImagePull": operators,
		"/machine.MachineService/Reboot": operators, "/machine.MachineService/ServiceList": readers,
		"/machine.MachineService/Shutdown": operators, "/machine.MachineService/Version": readers,
	}
)

func allowed(method string) role.Set {
	if roles, known := methods[method]; known {
		return roles
	}
	return admins
}

// resourceService answers for the resources of the node that a call is about.
type resourceService struct {
	v1alpha1.UnimplementedStateServer
}

func (resourceService) Get(ctx context.Context, in *v1alpha1.GetRequest) (*v1alpha1.GetResponse, error) {
	return resourcesFor(ctx).Get(ctx, in)
}

func (resourceService) List(in *v1alpha1.ListRequest, stream v1alpha1.State_ListServer) error {
	return resourcesFor(stream.Context()).List(in, stream)
}

func (resourceService) Watch(in *v1alpha1.WatchRequest, stream v1alpha1.State_WatchServer) error {
	return resourcesFor(stream.Context()).Watch(in, stream)
}

func resourcesFor(ctx context.Context) *server.State {
	return server.NewState(visible(targetOf(ctx).resources, requestOf(ctx).roles))
}

// connections is a listener that can break what it has accepted.
type connections struct {
	net.Listener
	mutex sync.Mutex
	open  map[net.Conn]struct{}
}

func (c *connections) Accept() (net.Conn, error) {
	accepted, err := c.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.open[accepted] = struct{}{}
	return &connection{Conn: accepted, of: c}, nil
}

// cut breaks every connection.
func (c *connections) cut() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for open := range c.open {
		open.Close()
	}
}

type connection struct {
	net.Conn
	of *connections
}

func (c *connection) Close() error {
	c.of.mutex.Lock()
	delete(c.of.open, c.Conn)
	c.of.mutex.Unlock()
	return c.Conn.Close()
}
