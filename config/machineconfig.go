package config

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/inferadb/infra/machineconfig"
)

// checkPatches asks Talos about each patch by itself, so that the error names the patch.
func (l *loader) checkPatches() {
	both := []machineconfig.Role{machineconfig.ControlPlane, machineconfig.Worker}
	l.checkPatchList("patches.all", l.stack.Patches.All, both...)
	l.checkPatchList("patches.controlPlanes", l.stack.Patches.ControlPlanes, machineconfig.ControlPlane)
	l.checkPatchList("patches.workers", l.stack.Patches.Workers, machineconfig.Worker)
	for i, pool := range l.stack.Pools {
		l.checkPatchList(fmt.Sprintf("pools[%d].patches", i), pool.Patches, machineconfig.Worker)
	}
}

func (l *loader) checkPatchList(path string, patches []string, roles ...machineconfig.Role) {
	for i, patch := range patches {
		for _, role := range roles {
			if err := machineconfig.CheckPatch(role, l.profile.hardened, patch); err != nil {
				l.refuseMachineConfig(fmt.Sprintf("%s[%d]", path, i), err)
				break
			}
		}
	}
}

// checkMachineConfigs generates every configuration of the stack once, with dummy secrets, in the way in which those of
// the machines are generated.
func (l *loader) checkMachineConfigs() {
	for _, p := range l.targets {
		controlPlane := p.cluster.ControlPlaneConfiguration()
		l.checkMachineConfig("patches.controlPlanes", controlPlane, p.cluster.ControlPlanePatches())
		l.checkMachineConfig("patches.controlPlanes", p.cluster.AppliedConfiguration(), p.cluster.ControlPlanePatches())
		for i, pool := range p.cluster.Pools {
			worker := p.cluster.WorkerConfiguration(pool)
			l.checkMachineConfig(fmt.Sprintf("pools[%d]", i), worker, p.cluster.PoolPatches(i))
			l.checkClusterWide(controlPlane, p.cluster.ControlPlanePatches(), "the control planes", worker)
			l.checkClusterWide(worker, p.cluster.PoolPatches(i), "pool "+pool.Name, controlPlane)
		}
	}
}

// checkMachineConfig blames the patch by which the configuration fails, or the path where no patch does.
func (l *loader) checkMachineConfig(path string, in machineconfig.Input, patches []string) {
	err := machineconfig.Check(in)
	var patch *machineconfig.PatchError
	if errors.As(err, &patch) {
		path, err = patches[patch.Index], patch.Err
	}
	if err != nil {
		l.refuseMachineConfig(path, err)
	}
}

// checkClusterWide refuses a patch that sets, only for the machines of one role or pool, what must be the same on all
// machines of the cluster.
func (l *loader) checkClusterWide(
	in machineconfig.Input,
	patches []string,
	machines string,
	others machineconfig.Input,
) {
	for i := range in.Patches {
		if field := machineconfig.ClusterWide(in, i, others); field != "" {
			l.Reject(
				patches[i],
				fmt.Sprintf(
					"sets %s for %s, and the other machines of the cluster have another value",
					field,
					machines,
				),
				"move it to patches.all",
			)
		}
	}
}

// refuseMachineConfig repeats what is wrong with a configuration, or a part of one.
func (l *loader) refuseMachineConfig(path string, err error) {
	refused := refusal(err)
	l.Reject(path, refused.Problem, cmp.Or(refused.Remedy, "correct the patch"))
}

// refusal returns an error of package machineconfig in its parts.
func refusal(err error) machineconfig.Error {
	var refused *machineconfig.Error
	if errors.As(err, &refused) {
		return *refused
	}
	return machineconfig.Error{Problem: err.Error()}
}
