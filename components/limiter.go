package components

import (
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"
)

// limiter limits how many resources the engine works on at the same time. Whenever one of them ends, the next in line
// starts. Dependencies between resources would not do: one that hangs would block those that depend on it while others
// have ended long ago, and the dependencies would stay in the state.
type limiter struct {
	ctx   *pulumi.Context
	mutex sync.Mutex
	// free is how many more resources may start now. waiting starts the others, first in, first out.
	free    int
	waiting []func()
}

func newLimiter(ctx *pulumi.Context, limit int) *limiter { return &limiter{ctx: ctx, free: limit} }

// register calls a function that registers a resource with an option. The option makes the resource wait until it may
// start.
func (l *limiter) register(create func(pulumi.ResourceOption) (pulumi.Resource, error)) (pulumi.Resource, error) {
	started, start, _ := l.ctx.NewOutput()
	noDependencies := func(any) []pulumi.Resource { return nil }
	l.acquire(func() { start(true) })
	resource, err := create(pulumi.DependsOnInputs(started.ApplyT(noDependencies).(pulumi.ResourceArrayOutput)))
	if err != nil {
		l.release()
		return nil, err
	}
	go func() {
		// After a failure the engine starts nothing more, but the program ends only when no resource waits. The
		// resource itself reports its error.
		_, _ = internals.UnsafeAwaitOutput(l.ctx.Context(), resource.URN())
		l.release()
	}()
	return resource, nil
}

func (l *limiter) acquire(start func()) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.free == 0 {
		l.waiting = append(l.waiting, start)
		return
	}
	l.free--
	start()
}

func (l *limiter) release() {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if len(l.waiting) == 0 {
		l.free++
		return
	}
	start := l.waiting[0]
	l.waiting = l.waiting[1:]
	start()
}
