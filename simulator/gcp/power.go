package gcp

import (
	"fmt"

	"github.com/inferadb/infra/simulator/site"
	"github.com/inferadb/infra/simulator/world"
)

// The states of an instance: https://cloud.google.com/compute/docs/instances/instance-lifecycle
const (
	statusRunning    = "RUNNING"
	statusTerminated = "TERMINATED"
)

func isStopped(instance *world.Resource) bool {
	return instance.State.String("currentStatus") == statusTerminated
}

// Instance returns the instance with a name in a zone. The error is Compute Engine's.
func Instance(w *world.World, zone, name string) (*world.Resource, error) {
	found := w.Find(instanceType, "", func(r *world.Resource) bool {
		return r.State.String("name") == name && r.State.String("zone") == zone
	})
	if found == nil {
		return nil, fmt.Errorf("The resource 'projects/%s/zones/%s/instances/%s' was not found", Project, zone, name)
	}
	return found, nil
}

// Stop switches an instance off; one that is off stays so.
func Stop(w *world.World, instance *world.Resource) {
	w.Change(instance, func(_, state world.Values) { state["currentStatus"] = statusTerminated })
}

// Start switches an instance on.
func Start(w *world.World, instance *world.Resource) {
	w.Change(instance, func(_, state world.Values) { state["currentStatus"] = statusRunning })
}

// SetType changes the machine type of a stopped instance.
// https://cloud.google.com/compute/docs/instances/changing-machine-type-of-stopped-instance
func SetType(w *world.World, instance *world.Resource, name string) error {
	if !isStopped(instance) {
		return fmt.Errorf("Invalid value for field 'resource.machineType': The instance %s must be stopped before "+
			"the machine type can be changed", instance.State.String("name"))
	}
	machine := describe(instance.State)
	image, err := findImage(w, machine.image)
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
	w.Change(instance, func(inputs, state world.Values) { inputs["machineType"], state["machineType"] = name, name })
	return nil
}

// SetProtection switches the deletion protection of an instance.
func SetProtection(w *world.World, instance *world.Resource, protected bool) {
	w.Change(instance, func(inputs, state world.Values) {
		inputs["deletionProtection"], state["deletionProtection"] = protected, protected
	})
}

// Console returns what an instance printed.
func Console(instance *world.Resource) string {
	return site.Console("GCP", []byte(instance.State.Object("metadata").String("user-data")))
}
