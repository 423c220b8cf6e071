package operate

import (
	"context"
	"fmt"
	"os"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// lockName is the Lease in kube-system that keeps two upgrades of a cluster apart: each would take a control plane
// away.
const lockName = "inferadb-upgrade"

// lock is a Lease that this run holds.
type lock struct {
	api    *kubernetesAPI
	holder string
	every  time.Duration
	stop   context.CancelFunc
	ended  chan struct{}
	// lost means that another run has taken the Lease.
	lost chan error
}

// watch returns the Lease and its holder, empty if no run renews it. It reads the Lease twice, so that the clocks of
// two machines need not agree.
func (k *kubernetesAPI) watch(ctx context.Context, every time.Duration, logf func(string, ...any)) (
	*coordinationv1.Lease, string, error) {
	held, err := k.lease(ctx)
	if err != nil || held == nil || holderOf(held) == "" {
		return held, "", err
	}
	logf("%s holds the lock; looking whether it is alive", holderOf(held))
	if err := pause(ctx, 4*every); err != nil {
		return nil, "", err
	}
	again, err := k.lease(ctx)
	if err != nil || again == nil || again.ResourceVersion == held.ResourceVersion {
		return again, "", err
	}
	return again, holderOf(again), nil
}

// idle returns an error if another run renews the lock: such a run takes nodes down on purpose. Without an API no run
// can.
func (k *kubernetesAPI) idle(ctx context.Context, every time.Duration, logf func(string, ...any)) error {
	_, holder, err := k.watch(ctx, every, logf)
	if err != nil {
		return ctx.Err()
	}
	if holder != "" {
		return refused("%s works on this cluster now (Lease %s/%s); nothing was changed", holder, systemNamespace,
			lockName)
	}
	return nil
}

// acquire takes the Lease. One that its holder no longer renews is taken over: it belongs to a run that was killed.
func (k *kubernetesAPI) acquire(ctx context.Context, every time.Duration, logf func(string, ...any)) (*lock, error) {
	host, _ := os.Hostname()
	l := &lock{api: k, every: every, holder: fmt.Sprintf("%s-%d-%d", host, os.Getpid(), time.Now().UnixNano()),
		lost: make(chan error, 1)}
	held, holder, err := k.watch(ctx, every, logf)
	if err != nil {
		return nil, err
	}
	if holder != "" {
		return nil, &ExitError{Code: Locked, Err: fmt.Errorf("%s works on this cluster now (Lease %s/%s)", holder,
			systemNamespace, lockName)}
	}
	if err := l.write(ctx, held); err != nil {
		return nil, err
	}
	renewing, stop := context.WithCancel(context.WithoutCancel(ctx))
	l.stop, l.ended = stop, make(chan struct{})
	go l.renew(renewing)
	return l, nil
}

// write takes the Lease for this run, unless another has changed it meanwhile.
func (l *lock) write(ctx context.Context, held *coordinationv1.Lease) error {
	seconds, now := int32(max(1, (4*l.every).Seconds())), metav1.NowMicro()
	request := l.api.coordination.Post().Namespace(systemNamespace).Resource("leases")
	if held == nil {
		held = &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: systemNamespace, Name: lockName}}
	} else {
		request = l.api.coordination.Put().Namespace(systemNamespace).Resource("leases").Name(lockName)
	}
	held.Spec = coordinationv1.LeaseSpec{HolderIdentity: &l.holder, LeaseDurationSeconds: &seconds, RenewTime: &now}
	err := request.Body(held).Do(ctx).Error()
	if apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err) {
		return &ExitError{Code: Locked,
			Err: fmt.Errorf("another command has just begun to work on this cluster (Lease %s/%s)", systemNamespace,
				lockName)}
	}
	return err
}

// renew goes on until the lock is released. While the API does not answer, the Lease stays as it is.
func (l *lock) renew(ctx context.Context) {
	defer close(l.ended)
	for pause(ctx, l.every) == nil {
		limited, cancel := context.WithTimeout(ctx, l.every)
		held, err := l.api.lease(limited)
		if err == nil {
			if held == nil || holderOf(held) != l.holder {
				err = l.taken()
				l.lost <- err
				cancel()
				return
			}
			_ = l.write(limited, held)
		}
		cancel()
	}
}

// check returns an error if another run has the lock now: this one may have slept longer than its Lease was valid. An
// API that does not answer has given the lock to no other run.
func (l *lock) check(ctx context.Context) error {
	select {
	case err := <-l.lost:
		l.lost <- err
		return err
	default:
	}
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	held, err := l.api.lease(limited)
	if err != nil || held != nil && holderOf(held) == l.holder {
		return nil
	}
	return l.taken()
}

// taken returns the error of a run that has lost its lock.
func (l *lock) taken() error {
	return &ExitError{Code: Locked, Err: fmt.Errorf("another command has taken the lock (Lease %s/%s)", systemNamespace,
		lockName)}
}

// release gives the Lease back.
func (l *lock) release(ctx context.Context) {
	l.stop()
	<-l.ended
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	held, err := l.api.lease(limited)
	if err != nil || held == nil || holderOf(held) != l.holder {
		return
	}
	held.Spec = coordinationv1.LeaseSpec{}
	_ = l.api.coordination.Put().Namespace(systemNamespace).Resource("leases").Name(lockName).Body(held).Do(
		limited).Error()
}

// lease reads the Lease; nil if there is none.
func (k *kubernetesAPI) lease(ctx context.Context) (*coordinationv1.Lease, error) {
	var held coordinationv1.Lease
	err := k.coordination.Get().Namespace(systemNamespace).Resource("leases").Name(lockName).Do(ctx).Into(&held)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	return &held, err
}

func holderOf(held *coordinationv1.Lease) string {
	if held.Spec.HolderIdentity == nil {
		return ""
	}
	return *held.Spec.HolderIdentity
}
