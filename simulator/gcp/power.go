package gcp

import (
	"fmt"

	"github.com/inferadb/infra/simulator/network"
	"github.com/inferadb/infra/simulator/store"
)

// The states of an instance: https://cloud.google.com/compute/docs/instances/instance-lifecycle
const (
	statusRunning    = "RUNNING"
	statusTerminated = "TERMINATED"
)

func isStopped(instance *store.Resource) bool {
	return instance.State.String("currentStatus") == statusTerminated
}

// Instance returns the instance with a name in a zone. The error is Compute Engine's.
func Instance(st *store.Store, zone, name string) (*store.Resource, error) {
	found := st.Find(instanceType, "", func(r *store.Resource) bool {
		return r.State.String("name") == name && r.State.String("zone") == zone
	})
	if found == nil {
		return nil, fmt.Errorf("The resource 'projects/%s/zones/%s/instances/%s' was not found", Project, zone, name)
	}
	return found, nil
}

// Stop switches an instance off; one that is off stays so.
func Stop(st *store.Store, instance *store.Resource) {
	st.Change(instance, func(_, state store.Values) { state["currentStatus"] = statusTerminated })
}

// Start switches an instance on.
func Start(st *store.Store, instance *store.Resource) {
	st.Change(instance, func(_, state store.Values) { state["currentStatus"] = statusRunning })
}

// SetType changes the machine type of a stopped instance.
// https://cloud.google.com/compute/docs/instances/changing-machine-type-of-stopped-instance
func SetType(st *store.Store, instance *store.Resource, name string) error {
	if !isStopped(instance) {
		return fmt.Errorf("Invalid value for field 'resource.machineType': The instance %s must be stopped before "+
			"the machine type can be changed", instance.State.String("name"))
	}
	machine := describe(instance.State)
	image, err := findImage(st, machine.image)
	if err != nil {
		return err
	}
	architecture, err := architectureOf(name)
	if err != nil {
		return err
	}
	if architecture != image.architecture {
		return invalid("machineType", name, "The machine type's architecture %s does not match the image's, %s",
			architecture, image.architecture)
	}
	st.Change(instance, func(inputs, state store.Values) { inputs["machineType"], state["machineType"] = name, name })
	return nil
}

// SetProtection switches the deletion protection of an instance.
func SetProtection(st *store.Store, instance *store.Resource, protected bool) {
	st.Change(instance, func(inputs, state store.Values) {
		inputs["deletionProtection"], state["deletionProtection"] = protected, protected
	})
}

// Console returns what an instance printed.
func Console(instance *store.Resource) string {
	return network.Console("GCP", []byte(instance.State.Object("metadata").String("user-data")))
}
