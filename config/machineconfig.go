package config

import (
	"fmt"
	"strings"

	"github.com/inferadb/infra/components/machineconfig"
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

// checkMachineConfigs makes every configuration of the stack once, with secrets made for the purpose: what passes here is
// what the machines boot with.
func (l *loader) checkMachineConfigs() {
	for _, p := range l.places {
		if err := machineconfig.Check(p.cluster.ControlPlaneConfiguration()); err != nil {
			l.refuseMachineConfig("patches.controlPlanes", err)
		} else if err := machineconfig.Check(p.cluster.AppliedConfiguration()); err != nil {
			l.refuseMachineConfig("patches.controlPlanes", err)
		}
		for i, pool := range p.cluster.Pools {
			if err := machineconfig.Check(p.cluster.WorkerConfiguration(pool)); err != nil {
				l.refuseMachineConfig(fmt.Sprintf("pools[%d]", i), err)
			}
		}
	}
}

// refuseMachineConfig repeats what Talos says. Its errors end with a remedy where there is one.
func (l *loader) refuseMachineConfig(path string, err error) {
	text := err.Error()
	if end := strings.LastIndex(text, "; "); end >= 0 {
		l.refuse(path, text[:end], text[end+2:])
		return
	}
	l.refuse(path, text, "correct the patch")
}
