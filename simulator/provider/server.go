// Package provider serves a simulated cloud to the Pulumi engine: it speaks the provider protocol, checks and compares
// what the fields declare, and leaves the rest to the behaviors.
package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/inferadb/infra/simulator/network"
	"github.com/inferadb/infra/simulator/schema"
	"github.com/inferadb/infra/simulator/store"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

// version satisfies every SDK: the engine warns about plugins that are older than what the SDK asks for.
const version = "999.0.0"

// Server is one provider plugin: the engine starts one process for each provider instance.
type Server struct {
	pulumirpc.UnimplementedResourceProviderServer
	schema  *schema.Provider
	journal *store.Journal
	clouds  Clouds
	options Options
	config  store.Values
	// operations is held for reading by each creation and deletion.
	operations sync.RWMutex
}

// Clouds are all the clouds together.
type Clouds struct {
	// Network is what the Talos part sees of them.
	Network func(*store.Store) network.Network
	// Reconcile lets the machines do what they do by themselves. It is called whenever one was created or deleted.
	Reconcile func(network.Network, *store.Store) error
}

// New returns the server of a cloud, which shares a journal with the other clouds.
func New(c *schema.Provider, journal *store.Journal, clouds Clouds, options Options) *Server {
	return &Server{schema: c, journal: journal, clouds: clouds, options: options, config: store.Values{}}
}

// Handshake returns what the plugin supports.
func (s *Server) Handshake(
	context.Context, *pulumirpc.ProviderHandshakeRequest,
) (*pulumirpc.ProviderHandshakeResponse, error) {
	return &pulumirpc.ProviderHandshakeResponse{AcceptSecrets: true}, nil
}

// Attach is called by an engine that found the plugin already running.
func (s *Server) Attach(context.Context, *pulumirpc.PluginAttach) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// Cancel is also called when an engine is done with the plugin: operations are short and end by themselves.
func (s *Server) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// GetPluginInfo returns the plugin's version.
func (s *Server) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: version}, nil
}

// CheckConfig checks the configuration of the provider.
func (s *Server) CheckConfig(_ context.Context, request *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	news, err := unmarshal(request.News)
	if err != nil {
		return nil, err
	}
	config := s.plainConfig(news)
	problems := checkFields("", s.schema.Config, config)
	if len(problems) == 0 && s.schema.CheckConfig != nil {
		problems = s.schema.CheckConfig(config)
	}
	return &pulumirpc.CheckResponse{Inputs: request.News, Failures: failures(problems)}, nil
}

// DiffConfig compares configurations of the provider.
func (s *Server) DiffConfig(_ context.Context, request *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	olds, err := unmarshal(request.OldInputs)
	if err != nil {
		return nil, err
	}
	news, err := unmarshal(request.News)
	if err != nil {
		return nil, err
	}
	found := changes{}
	diffFields("", s.schema.Config, s.plainConfig(olds), s.plainConfig(news), false, found)
	return found.response(nil), nil
}

// Configure prepares the provider instance.
func (s *Server) Configure(
	_ context.Context,
	request *pulumirpc.ConfigureRequest,
) (*pulumirpc.ConfigureResponse, error) {
	arguments, err := unmarshal(request.Args)
	if err != nil {
		return nil, err
	}
	s.config = s.plainConfig(arguments)
	return &pulumirpc.ConfigureResponse{AcceptSecrets: true, SupportsPreview: true}, nil
}

// plainConfig returns the configuration as plain data. The engine may hand over nested configuration as JSON texts.
func (s *Server) plainConfig(properties resource.PropertyMap) store.Values {
	config := plain(properties)
	for name, value := range config {
		text, isText := value.(string)
		var parsed any
		if isText && s.schema.Config[name].Type != schema.String && json.Unmarshal([]byte(text), &parsed) == nil {
			config[name] = parsed
		}
	}
	// The engine adds the version of the SDK.
	delete(config, "version")
	return config
}

func failures(problems []schema.Problem) []*pulumirpc.CheckFailure {
	var list []*pulumirpc.CheckFailure
	for _, problem := range problems {
		list = append(list, &pulumirpc.CheckFailure{Property: problem.Property, Reason: problem.Reason})
	}
	return list
}

// refused returns an error that means to the engine that nothing was changed.
func refused(operation, what string, err error) error {
	return status.Error(codes.FailedPrecondition, fmt.Sprintf("%s %s: %s", operation, what, err))
}
