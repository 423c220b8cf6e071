package provider

import (
	"context"

	"github.com/inferadb/infra/simulator/schema"
	"github.com/inferadb/infra/simulator/store"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Invoke answers a data source.
func (s *Server) Invoke(ctx context.Context, in *pulumirpc.InvokeRequest) (*pulumirpc.InvokeResponse, error) {
	function := s.schema.Functions[in.Tok]
	if function == nil {
		return nil, status.Errorf(codes.Unimplemented, "%s: the simulated %s has no such function", in.Tok,
			s.schema.Name)
	}
	arguments, err := unmarshal(in.Args)
	if err != nil {
		return nil, err
	}
	call := &schema.Call{
		Context: ctx, Config: s.config, Region: s.config.String("region"),
		Token: in.Tok, Name: in.Tok, Inputs: plain(arguments), Old: store.Values{}, State: store.Values{},
	}
	if problems := checkFields("", function.Fields, call.Inputs); len(problems) > 0 {
		return &pulumirpc.InvokeResponse{Failures: failures(problems)}, nil
	}
	var answer store.Values
	err = s.journal.Do(func(st *store.Store) error {
		call.Store, call.Network = st, s.clouds.Network(st)
		answer, err = function.Invoke(call)
		return err
	})
	if err != nil {
		return nil, refused("invoking", in.Tok, err)
	}
	result := properties(answer, function.Fields)
	keepSecrets(result, arguments)
	response := &pulumirpc.InvokeResponse{}
	response.Return, err = marshal(result)
	return response, err
}
