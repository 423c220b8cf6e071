package components

import (
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"
)

// turns limits how many resources the engine works on at the same time. Whenever one of them ends, by success or by
// failure, the next in line begins. A dependency between resources would not do: one that does not end would block
// those that depend on it while others are idle, and would stay in the state.
type turns struct {
	ctx   *pulumi.Context
	mutex sync.Mutex
	// free is how many resources may begin at once, and waiting lets those that may not begin, in their order.
	free    int
	waiting []func()
}

func newTurns(ctx *pulumi.Context, atOnce int) *turns { return &turns{ctx: ctx, free: atOnce} }

// turn is the turn of one resource.
type turn struct {
	of *turns
	// begins is an empty list of dependencies, which is known when the turn has come.
	begins pulumi.ResourceArrayOutput
}

// next returns the turn after all that were returned before. The caller gives it to a resource, and says which.
func (t *turns) next() turn {
	output, resolve, _ := t.ctx.NewOutput()
	begin := func() { resolve(true) }
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if t.free > 0 {
		t.free--
		begin()
	} else {
		t.waiting = append(t.waiting, begin)
	}
	return turn{of: t, begins: output.ApplyT(func(any) []pulumi.Resource { return nil }).(pulumi.ResourceArrayOutput)}
}

// endsWith says which resource has the turn. When the engine is done with it, or has failed, the next turn begins.
func (t turn) endsWith(resource pulumi.Resource) {
	go func() {
		// The resource itself reports its error. An apply would not be called after one.
		_, _ = internals.UnsafeAwaitOutput(t.of.ctx.Context(), resource.URN())
		t.of.end()
	}()
}

func (t *turns) end() {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if len(t.waiting) == 0 {
		t.free++
		return
	}
	begin := t.waiting[0]
	t.waiting = t.waiting[1:]
	begin()
}
