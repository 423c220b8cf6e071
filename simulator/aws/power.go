package aws

import (
	"encoding/base64"
	"fmt"

	"github.com/inferadb/infra/simulator/network"
	"github.com/inferadb/infra/simulator/store"
)

// The states of an instance: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html
const (
	stateRunning = "running"
	stateStopped = "stopped"
)

func isStopped(instance *store.Resource) bool {
	return instance.State.String("instanceState") == stateStopped
}

// Instance returns the instance with an id in a region. The error is EC2's.
func Instance(st *store.Store, region, id string) (*store.Resource, error) {
	if found := st.Get(instanceType, region, id); found != nil {
		return found, nil
	}
	return nil, fmt.Errorf("InvalidInstanceID.NotFound: The instance ID '%s' does not exist", id)
}

// Stop switches an instance off. It remains: no instance here terminates on shutdown.
func Stop(st *store.Store, instance *store.Resource) {
	st.Change(instance, func(_, state store.Values) { state["instanceState"] = stateStopped })
}

// Start switches a stopped instance on.
func Start(st *store.Store, instance *store.Resource) {
	st.Change(instance, func(_, state store.Values) { state["instanceState"] = stateRunning })
}

// Stopped returns an error of the waiter, instance-stopped, for an instance that still runs: nothing here stops it
// later.
func Stopped(instance *store.Resource) error {
	if !isStopped(instance) {
		return fmt.Errorf("Waiter InstanceStopped failed: Max attempts exceeded (%s is %s)", instance.ID,
			instance.State.String("instanceState"))
	}
	return nil
}

// SetType changes the type of a stopped instance.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/change-instance-type-of-ebs-backed-instance.html
func SetType(st *store.Store, instance *store.Resource, name string) error {
	if !isStopped(instance) {
		return fmt.Errorf("IncorrectInstanceState: The instance '%s' is not in the 'stopped' state.", instance.ID)
	}
	image, err := findImage(instance.Region, instance.State.String("ami"))
	if err != nil {
		return err
	}
	if err := image.fits(name); err != nil {
		return err
	}
	st.Change(instance, func(inputs, state store.Values) { inputs["instanceType"], state["instanceType"] = name, name })
	return nil
}

// Console returns what an instance printed.
func Console(instance *store.Resource) string {
	userData, _ := base64.StdEncoding.DecodeString(instance.State.String(userDataKey))
	return network.Console("AWS", userData)
}
