package invariants

import (
	"fmt"
	"slices"
	"strings"

	"github.com/inferadb/infra/iampolicy"
)

// awsIdentityChecks are about who may do what: every policy of every stack, read back from the graph.
var awsIdentityChecks = []Check{
	{Name: "no-unrestricted-policy", Look: awsNoLoosePolicy, Breaks: []Breakage{
		replaceText(awsKey, "-disks", `arn:aws:iam::123456789012:root`, `*`, "policy"),
		add(awsPolicy, "added",
			map[string]any{"role": "other", "policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` +
				`"Action":["ec2:*"],"Resource":["arn:aws:ec2:::instance/i-0"]}]}`}),
		add(awsPolicy, "added",
			map[string]any{"role": "other", "policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` +
				`"Action":["ec2:TerminateInstances"],"Resource":["*"]}]}`}),
	}},
	{Name: "roles-are-one-services", Look: awsRolesAreOneServices, Breaks: []Breakage{
		replaceText(awsRole, "-control-plane", `"ec2.amazonaws.com"`, `["ec2.amazonaws.com","lambda.amazonaws.com"]`,
			"assumeRolePolicy"),
		replaceText(awsRole, "-control-plane", "sts:AssumeRole", "sts:TagSession", "assumeRolePolicy"),
	}},
	{Name: "control-planes-hold-no-permission", Look: awsControlPlanesHaveNoPermissions, Breaks: []Breakage{
		remove(awsRole, "nyc1-control-plane").in("dev"),
		add(awsPolicy, "added", map[string]any{"role": "inferadb-production-nyc1-control-plane-0000000"}),
		set(awsRole, "", []any{"arn"}, "managedPolicyArns"), set(awsRole, "", []any{"policy"}, "inlinePolicies"),
	}},
	{Name: "controllers-change-only-their-cluster", Look: awsControllers, Breaks: []Breakage{
		replaceText(awsPolicy, "-cloud-controller", "kubernetes.io/cluster/", "kubernetes.io/other/",
			"policy").in("controlled"),
		replaceText(awsPolicy, "-ebs-driver", "kubernetes.io/cluster/", "kubernetes.io/other/",
			"policy").in("controlled"),
		set(awsPolicy, "-ebs-driver", "inferadb-production-nyc1-worker-0000000", "role").in("controlled"),
		remove(awsPolicy, "-cloud-controller").in("controlled"),
		set(awsSecurityGroup, "-control-plane", "owned", "tags",
			"kubernetes.io/cluster/inferadb-production-nyc1-control-plane").in("controlled"),
		set(awsSecurityGroup, "nyc1-worker", nil, "tags", "kubernetes.io/cluster/inferadb-production-nyc1").in(
			"controlled"),
		add(awsPolicy, "added", map[string]any{"role": "inferadb-production-nyc1-control-plane-0000000"}).in(
			"controlled"),
	}},
	{Name: "workers-may-drain-and-scale", Look: awsWorkerPermissions, Breaks: []Breakage{
		remove(awsPolicy, "-termination-handler").in(awsGroups),
		add(awsPolicy, "inferadb-production-nyc1-added",
			map[string]any{"role": "inferadb-production-nyc1-worker-0000000", "policy": `{"Version":` +
				`"2012-10-17","Statement":[{"Effect":"Allow","Action":["sqs:DeleteMessage"],"Resource":["*"],` +
				`"Condition":{"StringEquals":{"a":["b"]}}}]}`}),
		replaceText(awsPolicy, "-termination-handler", "sqs:DeleteMessage", "sqs:*", "policy").in(awsGroups),
	}},
}

// statements are those of a policy, which the package that makes them must be able to read.
func statements(v *Violations, r *Resource, property string) []iampolicy.Statement {
	document, err := iampolicy.Parse(r.Text(property))
	if err != nil || len(document.Statement) == 0 {
		v.add(r, "has a policy that cannot be read: %v", err)
		return nil
	}
	return document.Statement
}

func awsNoLoosePolicy(g *Graph, v *Violations) {
	found := 0
	for _, r := range g.all() {
		for _, property := range []string{"policy", "assumeRolePolicy"} {
			if r.Text(property) == "" {
				continue
			}
			found++
			policy := statements(v, r, property)
			for _, loose := range (iampolicy.Document{Statement: policy}).Unrestricted() {
				v.add(r, "is loose: %v", loose)
			}
			for _, s := range policy {
				// Everybody is bound by a condition; only the account itself, which hands out its own permissions, by
				// none.
				everybody := s.Principal != nil && slices.Contains(s.Principal.AWS, "*")
				v.unless(s.Effect != "Allow" || !everybody || len(s.Condition) > 0, r, "lets everybody in")
				wide := slices.ContainsFunc(s.Action,
					func(action string) bool { return strings.HasSuffix(action, ":*") })
				account := s.Principal != nil &&
					slices.Equal(s.Principal.AWS, []string{"arn:aws:iam::" + awsAccount + ":root"})
				v.unless(s.Effect != "Allow" || !wide || account, r, "allows everything of a service")
			}
		}
	}
	v.unless(found > 0, nil, "has no policy")
}

// awsRolesAreOneServices checks that each role of the cluster can be assumed by one service only.
func awsRolesAreOneServices(g *Graph, v *Violations) {
	for _, r := range g.ofType(awsRole) {
		trust := statements(v, r, "assumeRolePolicy")
		v.equal(1, len(trust), r, "number of statements")
		for _, s := range trust {
			v.equal("Allow [sts:AssumeRole]", s.Effect+" ["+strings.Join(s.Action, " ")+"]", r, "what is allowed")
			alone := s.Principal != nil && len(s.Principal.Service) == 1 &&
				len(s.Principal.AWS)+len(s.Principal.Federated) == 0
			v.unless(alone, r, "is not for one service alone")
		}
	}
}

// awsControlPlanesHaveNoPermissions checks that the role of control planes has no permissions: Talos and Kubernetes
// need none.
func awsControlPlanesHaveNoPermissions(g *Graph, v *Violations) {
	if g.says("cloudController") == "true" {
		return
	}
	roles := only(g.ofType(awsRole), func(r *Resource) bool { return strings.HasSuffix(r.Name, "-control-plane") })
	v.unless(len(roles) > 0, nil, "has no role of control planes")
	for _, r := range g.all() {
		if strings.HasPrefix(r.Type, "aws:iam/rolePolic") || strings.HasPrefix(r.Type, "aws:iam/policyAttachment") {
			v.unless(!strings.Contains(r.Text("role"), controlPlane), r, "gives control planes a permission")
		}
		v.unless(r.Type != awsRole || !r.has("managedPolicyArns") && !r.has("inlinePolicies"), r,
			"has policies of its own")
	}
}

// awsControllers checks that control planes have the permissions of cloudController, that each action that changes
// something is limited to the cluster's tag, and that workers have none of them.
func awsControllers(g *Graph, v *Violations) {
	if g.says("cloudController") != "true" {
		return
	}
	found := 0
	for _, r := range g.ofType(awsPolicy) {
		given := strings.HasSuffix(r.Name, "-cloud-controller") || strings.HasSuffix(r.Name, "-ebs-driver")
		v.equal(given, strings.Contains(r.Text("role"), controlPlane), r, "whether control planes hold it")
		if !given {
			continue
		}
		found++
		for _, s := range statements(v, r, "policy") {
			v.unless(!awsBoundToNothing(s, g.clusterOf(r)), r, "is bound to nothing: %s", s.Action)
		}
	}
	v.equal(2*len(g.clusters()), found, nil, "number of policies of controllers")
	for _, r := range g.ofType(awsSecurityGroup) {
		owner := r.Text("tags", "kubernetes.io/cluster/"+strings.TrimSuffix(r.Name, "-worker"))
		v.equal(strings.HasSuffix(r.Name, "-worker"), owner == "owned", r, "whether controllers may change it")
	}
}

// awsBoundToNothing reports whether a statement lets its holder change what is not the cluster's. A security group is
// made in a network, which has no tag in the request; what is tagged when it is made has the tags of the request that
// makes it.
func awsBoundToNothing(s iampolicy.Statement, cluster string) bool {
	if !slices.ContainsFunc(s.Action, func(action string) bool { return !iampolicy.Reads(action) }) {
		return false
	}
	inNetwork := slices.Equal(s.Action, []string{"ec2:CreateSecurityGroup"}) &&
		strings.HasSuffix(s.Resource[0], ":vpc/*")
	whenMade := slices.Equal(s.Action, []string{"ec2:CreateTags"}) &&
		len(s.Condition["StringEquals"]["ec2:CreateAction"]) > 0
	tag := "Tag/kubernetes.io/cluster/" + cluster
	equals := s.Condition["StringEquals"]
	tagged := slices.Equal(equals["aws:Resource"+tag], []string{"owned"}) ||
		slices.Equal(equals["aws:Request"+tag], []string{"owned"})
	return !inNetwork && !whenMade && !tagged
}

// awsWorkerPermissions checks that the permissions for draining and scaling change nothing but the cluster's groups.
func awsWorkerPermissions(g *Graph, v *Violations) {
	workers := only(g.ofType(awsPolicy),
		func(r *Resource) bool { return strings.HasSuffix(r.Text("role"), "-worker-0000000") })
	drained := only(workers, func(r *Resource) bool { return strings.HasSuffix(r.Name, "-termination-handler") })
	v.equal(len(g.ofType(awsQueue)), len(drained), nil, "number of policies that drain")
	for _, r := range workers {
		for _, s := range statements(v, r, "policy") {
			for _, action := range s.Action {
				bound := !slices.Contains(s.Resource, "*") ||
					strings.Contains(fmt.Sprint(s.Condition), g.clusterOf(r)+":[owned]")
				v.unless(bound || iampolicy.Reads(action), r, "allows %s on everything", action)
				v.unless(!strings.Contains(action, "*"), r, "allows %s", action)
			}
		}
	}
}
