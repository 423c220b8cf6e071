package simulator

import (
	"fmt"
	"maps"
	"slices"

	"github.com/inferadb/infra/simulator/network"
	"github.com/inferadb/infra/simulator/provider"
	"github.com/inferadb/infra/simulator/schema"
	"github.com/inferadb/infra/simulator/store"
	"github.com/inferadb/infra/simulator/talos"
)

// Start returns what would fail in a store if all its resources had just been created: it checks every resource against
// the clouds' rules, boots every machine for the first time, and bootstraps every cluster. It changes the store, so
// give it a copy.
func Start(st *store.Store) ([]network.Finding, error) {
	var findings []network.Finding
	names := slices.Sorted(maps.Keys(providers))
	for _, name := range names {
		findings = append(findings, recheck(providers[name](), st)...)
	}
	for _, name := range names {
		findings = append(findings, restart(providers[name](), st)...)
	}
	found, err := talos.Start(networks(st, ""), st)
	if err != nil {
		return nil, err
	}
	findings = append(findings, found...)
	for _, name := range names {
		if inspect := providers[name]().Inspect; inspect != nil {
			findings = append(findings, inspect(st)...)
		}
	}
	return findings, nil
}

// recheck holds every resource of a cloud against what its provider checks, and against the rules that an update would
// meet. What machines and groups of machines meet is left to Restart.
func recheck(cloud *schema.Provider, st *store.Store) []network.Finding {
	var findings []network.Finding
	for _, r := range st.Select(func(r *store.Resource) bool { return r.Provider == cloud.Name }) {
		row := cloud.Resources[r.Type]
		// What was there before, and members of groups, were not created by an engine.
		if row == nil || r.Adopted || len(r.Inputs) == 0 {
			continue
		}
		subject := fmt.Sprintf("%s %s", r.Type, r.Name)
		call := cloud.CallFor(st, r)
		for _, problem := range provider.Problems(cloud, call) {
			findings = append(findings, network.Finding{Subject: subject, Reason: problem.Property + ": " +
				problem.Reason})
		}
		if row.Behavior.Update == nil || row.Machines {
			continue
		}
		if err := row.Behavior.Update(call); err != nil {
			findings = append(findings, network.Finding{Subject: subject, Reason: err.Error()})
		}
	}
	return findings
}

// restart starts every machine of a cloud as if it were new, and returns which do not start.
func restart(cloud *schema.Provider, st *store.Store) []network.Finding {
	how := cloud.Restart
	if how == nil {
		return nil
	}
	var findings []network.Finding
	for _, r := range st.List(how.Machine, "") {
		if how.MemberKey != "" && r.State.Has(how.MemberKey) {
			st.Remove(r)
			continue
		}
		call := cloud.CallFor(st, r)
		if err := how.Start(call); err != nil {
			st.Remove(r)
			findings = append(findings, network.Finding{Subject: r.Name, Reason: "does not start: " + err.Error()})
			continue
		}
		started := *r
		started.State = call.State
		st.Put(&started)
	}
	for _, group := range how.Groups {
		for _, r := range st.List(group.Type, "") {
			if err := group.Start(cloud.CallFor(st, r)); err != nil {
				findings = append(findings, network.Finding{
					Subject: r.Type + " " + r.Name,
					Reason:  "starts no machine: " + err.Error(),
				})
			}
		}
	}
	return findings
}
