package nodes

import (
	"fmt"
	"sync"

	"github.com/siderolabs/talos/pkg/machinery/api/common"
	"github.com/siderolabs/talos/pkg/machinery/api/machine"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
)

// events are what happened on a node since its boot.
type events struct {
	mutex sync.Mutex
	all   []*machine.Event
	// more is closed when an event comes.
	more chan struct{}
}

func (e *events) add(actor string, payload proto.Message) {
	data, err := anypb.New(payload)
	if err != nil {
		return
	}
	// Talos has its own prefix for the types.
	data.TypeUrl = "talos/runtime/" + string(payload.ProtoReflect().Descriptor().FullName())
	e.mutex.Lock()
	defer e.mutex.Unlock()
	e.all = append(e.all, &machine.Event{Id: fmt.Sprintf("%020d", len(e.all)+1), ActorId: actor, Data: data})
	if e.more != nil {
		close(e.more)
	}
	e.more = nil
}

func (e *events) sequence(actor, name string, action machine.SequenceEvent_Action, err error) {
	event := &machine.SequenceEvent{Sequence: name, Action: action}
	if err != nil {
		event.Error = &common.Error{Code: common.Code_FATAL, Message: err.Error()}
	}
	e.add(actor, event)
}

func (e *events) stage(actor string, stage machine.MachineStatusEvent_MachineStage) {
	e.add(actor, &machine.MachineStatusEvent{Stage: stage, Status: &machine.MachineStatusEvent_MachineStatus{}})
}

// since returns the events from a position on, and what is closed when there are more.
func (e *events) since(position int) ([]*machine.Event, <-chan struct{}) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	if e.more == nil {
		e.more = make(chan struct{})
	}
	return e.all[position:], e.more
}

// send streams events until the client or the node goes. The first one confirms the stream.
func (e *events) send(in *machine.EventsRequest, stream grpc.ServerStreamingServer[machine.Event]) error {
	all, _ := e.since(0)
	position := len(all)
	if tail := int(in.GetTailEvents()); tail < 0 {
		position = 0
	} else {
		position = max(0, position-tail)
	}
	for {
		fresh, more := e.since(position)
		for _, event := range fresh {
			position++
			if actor := in.GetWithActorId(); actor != "" && event.GetActorId() != actor {
				continue
			}
			if err := stream.Send(proto.CloneOf(event)); err != nil {
				return err
			}
		}
		select {
		case <-stream.Context().Done():
			return stream.Context().Err()
		case <-more:
		}
	}
}
