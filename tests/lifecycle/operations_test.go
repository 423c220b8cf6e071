package lifecycle

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"
)

// operationsPage is the page of which every procedure is run here.
const operationsPage = "docs/operations.md"

// procedure is how the test runs a section of the page, as it stands there.
type procedure struct {
	heading string
	// clouds are those that the section is about; empty for all.
	clouds []string
	// nodes are those that <name> and the like stand for: a block that has one of these is run for each of them.
	nodes func(*operator) []machine
	// before prepares what the section is about, after looks at what it was for.
	before, after func(*operator)
}

// procedures are in the order in which one stack goes through them. A section that is not here fails
// TestEveryProcedureIsRun.
var procedures = []procedure{
	{heading: "Before you begin"},
	{heading: "Check a cluster"},
	{heading: "Upgrade Talos", nodes: all},
	{heading: "Upgrade Kubernetes", after: (*operator).nothingToDo},
	{heading: "Change the size of control planes", nodes: controlPlanes, after: (*operator).controlPlanesAreLarge},
	{heading: "Add control planes by hand", after: (*operator).nothingToDo},
	{heading: "Remove control planes by hand", nodes: lastTwoControlPlanes, after: (*operator).nothingToDo},
	{heading: "Shrink a stateful pool", nodes: lastOf("workers"), before: (*operator).cannotShrinkAtOnce},
	{heading: "Exchange a pool", nodes: allOf("workers"), before: (*operator).chooseKey, after: (*operator).nothingToDo},
	{heading: "Change the key of the disks", clouds: []string{"aws", "gcp"}, nodes: controlPlanes, after: (*operator).nothingToDo},
	{heading: "Taints by hand", after: (*operator).nothingToDo},
	{heading: "System extensions", before: (*operator).chooseImage, after: (*operator).nothingToDo},
	{heading: recoverSection, after: (*operator).recoverAll},
	{heading: "Destroy", after: (*operator).nothingIsLeft},
}

// elsewhere are the sections that another stack or test goes through.
var elsewhere = map[string]string{
	"Adopt a network":             "TestAdoptANetwork",
	"Recover lost control planes": "TestRestoreEtcd",
	"Restore etcd":                "TestRestoreEtcd",
	"Begin with an empty etcd":    "TestOnlyControlPlaneIsLost",
	"Change what needs a reboot":  "TestApplyByOneCommand",
	"A reboot by hand":            "TestEditsThatMachinesDoNotTake",
	"Change taints":               "TestApplyByOneCommand",
	"What a killed up leaves":     "TestKilledUp",
	"Remove a lost member":        "TestRepair",
	"Repair":                      "TestRepair",

	"Change the number of control planes": "TestControlPlanesByOneCommand",
	"Fewer control planes":                "TestControlPlanesByOneCommand",

	"Resources that the state does not know": "TestAnUnknownRuleIsImported",
}

// TestOperations takes a stack of production through the procedures of docs/operations.md, with the commands that stand
// there, on each cloud.
func TestOperations(t *testing.T) {
	takesLong(t)
	for _, cloud := range clouds {
		t.Run(cloud, func(t *testing.T) {
			t.Parallel()
			o := newOperator(newStack(t, "production", cloud), cloud)
			o.set("regions", "[nyc1]")
			// The page upgrades to the versions of the stack file.
			o.set("talosVersion", "v1.13.9")
			o.set("kubernetesVersion", "1.36.4")
			o.up()
			sections := readSections(t, operationsPage)
			for _, p := range procedures {
				if p.clouds == nil || slices.Contains(p.clouds, cloud) {
					o.follow(p, sections[p.heading])
				}
			}
		})
	}
}

// TestEveryProcedureIsRun fails for a section of the page that has commands and that no test runs, and for a command
// that stands in the text, where none runs it.
func TestEveryProcedureIsRun(t *testing.T) {
	sections := readSections(t, operationsPage)
	known := map[string]bool{}
	for _, p := range procedures {
		known[p.heading] = true
	}
	for heading, test := range elsewhere {
		known[heading] = true
		assert.True(t, isTest(t, test), "%s: there is no test %s", heading, test)
	}
	for heading, blocks := range sections {
		assert.True(t, known[heading] || len(blocks) == 0 || slices.Contains(dayTwoSections, heading),
			"%s: no test runs the section %q", operationsPage, heading)
	}
	for heading := range known {
		assert.True(t, len(sections[heading]) > 0 || heading == recoverSection, "%s: there is no section %q with commands", operationsPage, heading)
	}
}

// TestAdoptANetwork brings a small cluster up in a network that was there before, with the settings of the page.
func TestAdoptANetwork(t *testing.T) {
	blocks := readSections(t, operationsPage)["Adopt a network"]
	for cloud, region := range nyc1 {
		t.Run(cloud, func(t *testing.T) {
			t.Parallel()
			s := newStack(t, "dev", cloud)
			made := s.createFixtures(region, "10.50.0.0/16")
			o := newOperator(s, cloud)
			for _, b := range blocks {
				if b.cloud != cloud {
					continue
				}
				var settings struct {
					Regions []struct {
						Network struct {
							ID        string   `yaml:"id"`
							SubnetIDs []string `yaml:"subnetIds"`
						}
					} `yaml:"inferadb:regions"`
				}
				require.NoError(t, yaml.Unmarshal([]byte(b.text), &settings))
				network := settings.Regions[0].Network
				require.GreaterOrEqual(t, len(made.SubnetIDs), len(network.SubnetIDs), b.at)
				pairs := []string{network.ID, made.ID}
				for i, id := range network.SubnetIDs {
					pairs = append(pairs, id, made.SubnetIDs[i])
				}
				b.text = strings.NewReplacer(pairs...).Replace(b.text)
				o.do(b, nil)
			}
			s.up()
			assert.NotEmpty(t, s.nodes())
		})
	}
}

// block is a block of code of a page.
type block struct {
	// at is the page and the line.
	at, language, text string
	// cloud is the only one on which the block is run; empty for all.
	cloud string
}

var (
	fence   = regexp.MustCompile("^( *)```(\\w*)$")
	mark    = regexp.MustCompile(`^ *<!-- needs: (\w+) -->$`)
	heading = regexp.MustCompile(`^#{1,6} (.*)$`)
)

// TestNoCommandHidesInTheText fails for a command that stands in a sentence, where no test runs it.
func TestNoCommandHidesInTheText(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(repository, operationsPage))
	require.NoError(t, err)
	under, inBlock := "", false
	for i, line := range strings.Split(string(text), "\n") {
		switch {
		case fence.MatchString(line):
			inBlock = !inBlock
		case inBlock:
		case heading.MatchString(line):
			under = heading.FindStringSubmatch(line)[1]
		case under != recoverSection && elsewhere[under] == "" && !slices.Contains(dayTwoSections, under):
			for _, span := range codeSpan.FindAllStringSubmatch(line, -1) {
				assert.False(t, complete.MatchString(span[1]), "%s:%d: write `%s` as a block, so that a test runs it", operationsPage, i+1, span[1])
			}
		}
	}
}

// readSections reads the blocks of a page by the heading that they stand under. Headings without blocks are there, too.
func readSections(t *testing.T, page string) map[string][]block {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, page))
	require.NoError(t, err)
	sections, under, cloud := map[string][]block{}, "", ""
	var open *block
	indent := ""
	for i, line := range strings.Split(string(text), "\n") {
		match := fence.FindStringSubmatch(line)
		switch {
		case open != nil && match != nil:
			sections[under] = append(sections[under], *open)
			open, cloud = nil, ""
		case open != nil:
			open.text += strings.TrimPrefix(line, indent) + "\n"
		case match != nil:
			indent = match[1]
			open = &block{at: fmt.Sprintf("%s:%d", page, i+1), language: match[2], cloud: cloud}
		case mark.MatchString(line) && slices.Contains(clouds, mark.FindStringSubmatch(line)[1]):
			cloud = mark.FindStringSubmatch(line)[1]
		case heading.MatchString(line):
			under = heading.FindStringSubmatch(line)[1]
			sections[under] = nil
		}
	}
	require.Nil(t, open, "%s: a block is not closed", page)
	return sections
}

// operator is a person at a shell in a checkout of the project, who has a stack on one cloud.
type operator struct {
	*stack
	cloud string
	// controlPlane is the address of one of them.
	controlPlane string
	// chosen are examples and placeholders of the page, and what the person writes in their place.
	chosen map[string]string
	// exports are the variables that the person set so far, answers is what the person types when a command asks.
	exports, answers string
}

// newOperator makes the stack's folder a checkout: make, with the project's own Makefile, works in it as it does in the
// repository. Only the CLI knows of the simulator there, because make refuses to work in a shell that does.
func newOperator(s *stack, cloud string) *operator {
	s.t.Helper()
	bin := filepath.Join(repository, ".bin")
	require.NoError(s.t, os.MkdirAll(s.path("commands"), 0o700))
	require.NoError(s.t, os.MkdirAll(s.path(".bin"), 0o700))
	require.NoError(s.t, os.Symlink(s.path("state"), s.path(".state")))
	for _, name := range namesIn(s.t, repository) {
		if !strings.HasPrefix(name, ".") && !strings.HasPrefix(name, "Pulumi.") {
			require.NoError(s.t, os.Symlink(filepath.Join(repository, name), s.path(name)))
		}
	}
	for _, tool := range namesIn(s.t, bin) {
		if !slices.Contains([]string{"pulumi", ".tools", "home"}, tool) {
			require.NoError(s.t, os.Symlink(filepath.Join(bin, tool), s.path(".bin", tool)))
		}
	}
	s.script(s.path(".bin", "pulumi"), "export SIMULATOR_STORE='%s'\nexec '%s' \"$@\"", s.path("store"), s.cli)
	for _, tool := range []string{"aws", "doctl", "gcloud", "kubectl", "talosctl"} {
		s.script(s.path("commands", tool), "export SIMULATOR_STORE='%s'\nexec '%s' \"$@\"", s.path("store"), filepath.Join(bin, "simulator", tool))
	}
	// What make would build first was built before the tests.
	real, err := exec.LookPath("make")
	require.NoError(s.t, err)
	s.script(s.path("commands", "make"),
		"unset SIMULATOR_STORE GITHUB_ACTIONS\nexec '%s' -o tools -o policy -o infra -o build \"$@\"", real)
	// scripts/gcp-image.sh downloads an image, which is no use here.
	s.script(s.path("commands", "curl"), "echo an image")
	s.environment = append(s.environment,
		"PATH="+s.path("commands")+string(os.PathListSeparator)+s.variable("PATH"),
		"BACKEND_"+s.name+"=file://"+s.path("state"),
		// A person would answer the CLI's questions.
		"PULUMI_OPTION_YES=true", "PULUMI_OPTION_NON_INTERACTIVE=true", "PULUMI_OPTION_SKIP_PREVIEW=true",
	)
	return &operator{stack: s, cloud: cloud, answers: "yes\n", chosen: map[string]string{}}
}

// namesIn lists a folder of the repository by a command: what is built there would make the test's result look out of
// date.
func namesIn(t *testing.T, folder string) []string {
	t.Helper()
	out, err := exec.Command("ls", "-A", folder).Output()
	require.NoError(t, err)
	return strings.Fields(string(out))
}

func (s *stack) script(path, format string, arguments ...any) {
	s.t.Helper()
	require.NoError(s.t, os.WriteFile(path, []byte("#!/bin/sh\n"+fmt.Sprintf(format, arguments...)+"\n"), 0o700))
}

// variable is a variable of the stack's environment.
func (s *stack) variable(name string) string {
	value := ""
	for _, entry := range s.environment {
		if text, found := strings.CutPrefix(entry, name+"="); found {
			value = text
		}
	}
	return value
}

// machine is a node with all that a command may name of it.
type machine struct{ name, role, address, id, zone, urn string }

// placeholders are what stands in a block for a node.
func (m machine) placeholders() map[string]string {
	return map[string]string{"<name>": m.name, "<address>": m.address, "<id>": m.id, "<zone>": m.zone, "<urn>": m.urn}
}

// named are the stack's nodes that have names, in the order of their names.
func (o *operator) named() []machine {
	o.t.Helper()
	var nodes []struct{ Node, Role, Address string }
	out, err := o.try(nil, "simulator", "nodes", "--json")
	require.NoError(o.t, err)
	require.NoError(o.t, json.Unmarshal([]byte(out), &nodes))
	var found []machine
	for _, r := range o.resources() {
		if !slices.Contains([]string{instance, gceInstance, "digitalocean:index/droplet:Droplet"}, r["type"].(string)) {
			continue
		}
		m := machine{urn: r["urn"].(string), id: r["id"].(string)}
		m.name = m.urn[strings.LastIndex(m.urn, "::")+2:]
		m.zone, _ = r["outputs"].(map[string]any)["zone"].(string)
		for _, n := range nodes {
			if n.Node == m.name {
				m.role, m.address = n.Role, n.Address
			}
		}
		found = append(found, m)
	}
	slices.SortFunc(found, func(a, b machine) int { return strings.Compare(a.name, b.name) })
	return found
}

func all(o *operator) []machine { return append(controlPlanes(o), workers(o)...) }

func controlPlanes(o *operator) []machine { return o.withRole("controlplane") }

// lastTwoControlPlanes are those with the highest numbers, the highest first.
func lastTwoControlPlanes(o *operator) []machine {
	nodes := controlPlanes(o)
	return []machine{nodes[len(nodes)-1], nodes[len(nodes)-2]}
}

func workers(o *operator) []machine { return o.withRole("worker") }

func (o *operator) withRole(role string) []machine {
	return slices.DeleteFunc(o.named(), func(m machine) bool { return m.role != role })
}

// allOf are the nodes of a pool as they are when the section begins.
func allOf(pool string) func(*operator) []machine {
	return func(o *operator) []machine {
		return slices.DeleteFunc(o.named(), func(m machine) bool { return !strings.Contains(m.name, "-"+pool+"-") })
	}
}

func lastOf(pool string) func(*operator) []machine {
	return func(o *operator) []machine {
		nodes := allOf(pool)(o)
		return nodes[len(nodes)-1:]
	}
}

// follow runs a section. Blocks in a row that name a node are run for one node after the other.
func (o *operator) follow(p procedure, section []block) {
	o.t.Helper()
	o.controlPlane = controlPlanes(o)[0].address
	var nodes []machine
	if p.nodes != nil {
		nodes = p.nodes(o)
		require.NotEmpty(o.t, nodes, p.heading)
	}
	if p.before != nil {
		p.before(o)
	}
	section = slices.DeleteFunc(slices.Clone(section), func(b block) bool {
		return b.cloud != "" && b.cloud != o.cloud
	})
	for len(section) > 0 {
		end := slices.IndexFunc(section, func(b block) bool { return !b.namesNode() })
		switch {
		case end == 0:
			o.do(section[0], o.places(nil))
			section = section[1:]
			continue
		case end < 0:
			end = len(section)
		}
		for _, node := range nodes {
			for _, b := range section[:end] {
				o.do(b, o.places(&node))
			}
		}
		section = section[end:]
	}
	if p.after != nil {
		p.after(o)
	}
}

// places are what the placeholders stand for.
func (o *operator) places(node *machine) map[string]string {
	places := maps.Clone(o.chosen)
	if node != nil {
		maps.Copy(places, node.placeholders())
	}
	if o.controlPlane != "" {
		places["<control plane>"], places["<another>"] = o.controlPlane, o.controlPlane
	}
	return places
}

func (b block) namesNode() bool {
	return slices.ContainsFunc([]string{"<name>", "<address>", "<id>", "<zone>", "<urn>"}, func(p string) bool {
		return strings.Contains(b.text, p)
	})
}

var (
	placeholder = regexp.MustCompile(`<[a-z][a-z ]*>`)
	export      = regexp.MustCompile(`(?m)^export .*$`)
	stackName   = regexp.MustCompile(`\b(dev|staging|production)\b`)
)

// do does what a block says: it runs commands, and writes settings into the stack file.
func (o *operator) do(b block, places map[string]string) {
	o.t.Helper()
	text := b.text
	for name, value := range places {
		text = strings.ReplaceAll(text, name, value)
	}
	require.Empty(o.t, placeholder.FindAllString(text, -1), "%s: nothing says what stands there", b.at)
	switch b.language {
	case "sh":
		o.run(b.at, stackName.ReplaceAllString(text, o.name))
	case "yaml":
		var settings map[string]any
		require.NoError(o.t, yaml.Unmarshal([]byte(text), &settings), b.at)
		for key, value := range settings {
			name, found := strings.CutPrefix(key, "inferadb:")
			require.True(o.t, found, "%s: %s", b.at, key)
			written, err := yaml.Marshal(value)
			require.NoError(o.t, err)
			o.set(name, string(written))
		}
	default:
		require.Fail(o.t, "nothing runs a block of this language", "%s: %q", b.at, b.language)
	}
}

// run runs commands as a person's shell would, which stops at the first that fails.
func (o *operator) run(at, script string) string {
	o.t.Helper()
	out, err := o.shell(script)
	if err != nil {
		// The end of what was printed says why; the whole fills screens.
		require.NoError(o.t, err, "%s:\n%s\n%s", at, script, out[max(0, len(out)-4000):])
	}
	for _, line := range export.FindAllString(script, -1) {
		o.exports += line + "\n"
	}
	return out
}

func (o *operator) shell(script string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	command := o.command(ctx, []string{onlyTheLastState}, "bash", "-euo", "pipefail", "-c", o.exports+script)
	command.Stdin = strings.NewReader(o.answers)
	out, err := command.CombinedOutput()
	return string(out), err
}

// commands are the commands of a block, one by one.
func (b block) commands() []block {
	var list []block
	for line := range strings.Lines(b.text) {
		list = append(list, block{at: b.at, language: b.language, text: line})
	}
	return list
}

// cannotShrinkAtOnce writes the lower count before the protection is lifted.
func (o *operator) cannotShrinkAtOnce() {
	o.t.Helper()
	before := o.identities()
	o.set("pools", "[{name: workers, size: large, count: 4, workload: stateful, diskGiB: 100}]")
	out, err := o.shell("PULUMI_OPTION_SKIP_PREVIEW=false make up STACK=" + o.name)
	require.Error(o.t, err)
	assert.Contains(o.t, out, "protected")
	assert.Equal(o.t, before, o.identities())
}

// controlPlanesAreLarge expects the new size, and nothing left to do.
func (o *operator) controlPlanesAreLarge() {
	o.t.Helper()
	size := map[string]string{"aws": "t4g.2xlarge", "gcp": "e2-standard-8", "digitalocean": "s-8vcpu-16gb"}[o.cloud]
	sizes := map[any]int{}
	for _, r := range o.resources() {
		inputs, _ := r["inputs"].(map[string]any)
		for _, property := range []string{"instanceType", "machineType", "size"} {
			if value := inputs[property]; value != nil && strings.Contains(r["urn"].(string), "-control-plane-") {
				sizes[value]++
			}
		}
	}
	assert.Equal(o.t, map[any]int{size: 3}, sizes)
	o.nothingToDo()
}

// nothingToDo expects every node to have joined, and a preview without changes.
func (o *operator) nothingToDo() {
	o.t.Helper()
	o.nodes()
	assert.Empty(o.t, o.preview())
}

// chooseKey creates a key that replaces the one of the cluster, where the cloud has keys. It encrypts the disks of the
// machines of new pools.
func (o *operator) chooseKey() {
	o.t.Helper()
	if o.cloud == "digitalocean" {
		return
	}
	made := o.createFixtures(nyc1[o.cloud], "10.50.0.0/16")
	for _, example := range []string{
		"arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
		"projects/my-project/locations/us-east4/keyRings/clusters/cryptoKeys/disks",
	} {
		o.chosen[example] = made.Key
	}
	o.set("encryptionKey", made.Key)
	for _, r := range o.resources() {
		if urn := r["urn"].(string); slices.Contains([]any{"aws:kms/key:Key", "gcp:kms/cryptoKey:CryptoKey"}, r["type"]) && strings.HasSuffix(urn, "-disks") {
			o.chosen["<key urn>"] = urn
		}
	}
}

// chooseImage names an image of the account.
func (o *operator) chooseImage() { o.chosen["ami-0123456789abcdef0"] = "ami-0aa64000000000001" }

func (o *operator) nothingIsLeft() {
	o.t.Helper()
	_, err := o.try(nil, "simulator", "resources", "--expect-empty")
	assert.NoError(o.t, err)
	assert.NotContains(o.t, o.export()["deployment"], "resources")
}
