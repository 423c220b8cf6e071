package simulator

import (
	"fmt"
	"maps"
	"slices"

	"github.com/inferadb/infra/simulator/catalogue"
	"github.com/inferadb/infra/simulator/provider"
	"github.com/inferadb/infra/simulator/site"
	"github.com/inferadb/infra/simulator/talos"
	"github.com/inferadb/infra/simulator/world"
)

// Start answers what would become of a world if all that is in it had just been made: every resource is held against the
// clouds' rules, every machine starts and boots for the first time, every cluster is bootstrapped. It returns what does
// not work. It changes the world, so give it a copy.
func Start(w *world.World) ([]site.Finding, error) {
	var findings []site.Finding
	names := slices.Sorted(maps.Keys(providers))
	for _, name := range names {
		findings = append(findings, recheck(providers[name](), w)...)
	}
	for _, name := range names {
		findings = append(findings, restart(providers[name](), w)...)
	}
	found, err := talos.Start(sites(w, ""), w)
	if err != nil {
		return nil, err
	}
	findings = append(findings, found...)
	for _, name := range names {
		if inspect := providers[name]().Inspect; inspect != nil {
			findings = append(findings, inspect(w)...)
		}
	}
	return findings, nil
}

// recheck holds every resource of a cloud against what its provider checks, and against the rules that an update would
// meet. What machines and groups of machines meet is left to Restart.
func recheck(cloud *catalogue.Provider, w *world.World) []site.Finding {
	var findings []site.Finding
	for _, r := range w.Select(func(r *world.Resource) bool { return r.Provider == cloud.Name }) {
		row := cloud.Resources[r.Type]
		// What was there before, and members of groups, were not made by an engine.
		if row == nil || r.Adopted || len(r.Inputs) == 0 {
			continue
		}
		subject := fmt.Sprintf("%s %s", r.Type, r.Name)
		call := cloud.CallFor(w, r)
		for _, problem := range provider.Problems(cloud, call) {
			findings = append(findings, site.Finding{Subject: subject, Reason: problem.Property + ": " +
				problem.Reason})
		}
		if row.Behavior.Update == nil || row.Machines {
			continue
		}
		if err := row.Behavior.Update(call); err != nil {
			findings = append(findings, site.Finding{Subject: subject, Reason: err.Error()})
		}
	}
	return findings
}

// restart starts every machine of a cloud as if it were new, and returns which do not start.
func restart(cloud *catalogue.Provider, w *world.World) []site.Finding {
	how := cloud.Restart
	if how == nil {
		return nil
	}
	var findings []site.Finding
	for _, r := range w.List(how.Machine, "") {
		if how.MemberKey != "" && r.State.Has(how.MemberKey) {
			w.Remove(r)
			continue
		}
		call := cloud.CallFor(w, r)
		if err := how.Start(call); err != nil {
			w.Remove(r)
			findings = append(findings, site.Finding{Subject: r.Name, Reason: "does not start: " + err.Error()})
			continue
		}
		started := *r
		started.State = call.State
		w.Put(&started)
	}
	for _, group := range how.Groups {
		for _, r := range w.List(group.Type, "") {
			if err := group.Start(cloud.CallFor(w, r)); err != nil {
				findings = append(findings, site.Finding{Subject: r.Name, Reason: "starts no machine: " + err.Error()})
			}
		}
	}
	return findings
}
