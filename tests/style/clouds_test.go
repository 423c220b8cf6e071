package style

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sharedByClouds are the files outside a cloud's own that name one, each with the reason.
var sharedByClouds = map[string]string{
	"cmd/infra/etcd.go":          "its help shows how a bucket of DigitalOcean's Spaces is written",
	"components/taloscluster.go": "it picks the cloud that makes the resources",
	"config/tags.go":             "a stack's tags go to all of its clouds, and AWS allows the fewest",
	"preview/warnings.go":        "one table says what is lost with which type of resource",
	"regions/nyc1.go":            "it says where the region is on each cloud",
	"regions/providers.go":       "it lists the clouds",
	"regions/sfo1.go":            "it says where the region is on each cloud",
}

// mostShared is how long the list may be.
const mostShared = 7

// aboutClouds are the folders that know the clouds by their nature: the simulator simulates them, and the others
// are only about AWS, where the state is.
var aboutClouds = []string{"backend", "bench", "docs", "iampolicy", "simulator", "tests"}

var (
	cloudNames = []string{"aws", "gcp", "digitalocean"}
	// A name such as doAll has nothing to do with DigitalOcean, so that its resources are listed here.
	cloudIdentifier = regexp.MustCompile(`^(aws|gcp|digital[oO]cean)|AWS|GCP|DigitalOcean|GoogleCloud|` +
		`^do(SDK|API|Balancer|Droplet|Firewall|Image|Key|LoadBalancer|Machine|Network|Project|Provider|Region|Space|Tag|Token|Volume|VPC|Vpc)`)
	// A text names a cloud as programs do, alone or before a resource, or as people do.
	cloudText = regexp.MustCompile(`^(aws|gcp|digitalocean)($|[:/-])|AWS|Google Cloud|DigitalOcean`)
)

// TestOnlyTheCloudsOwnFilesNameThem keeps what is true of one cloud in that cloud's own files, where a person who
// adds a cloud finds it.
func TestOnlyTheCloudsOwnFilesNameThem(t *testing.T) {
	assert.LessOrEqual(t, len(sharedByClouds), mostShared)
	naming := map[string]bool{}
	for _, f := range goFiles(t) {
		if f.test || isOfOneCloud(f.path) ||
			slices.ContainsFunc(aboutClouds, func(folder string) bool { return within(f.path, folder) }) {
			continue
		}
		for _, node := range namesOfClouds(f.syntax) {
			naming[f.path] = true
			assert.Contains(t, sharedByClouds, f.path, "%s:%d names a cloud; move what is true of it to its own file", f.path, f.line(node))
		}
	}
	for name := range sharedByClouds {
		assert.True(t, naming[name], "%s names no cloud any more; take it off the list", name)
	}
}

// isOfOneCloud reports whether a file is a cloud's own: by its folder, or by its name, such as aws.go or prices_aws.go.
func isOfOneCloud(file string) bool {
	name := strings.TrimSuffix(path.Base(file), ".go")
	return slices.ContainsFunc(cloudNames, func(cloud string) bool {
		return name == cloud || strings.HasSuffix(name, "_"+cloud) ||
			slices.Contains(strings.Split(path.Dir(file), "/"), cloud)
	})
}

// namesOfClouds returns the identifiers and texts that name a cloud. Imports are TestImportArrows'.
func namesOfClouds(syntax *ast.File) []ast.Node {
	var found []ast.Node
	ast.Inspect(syntax, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.Ident:
			if cloudIdentifier.MatchString(node.Name) {
				found = append(found, node)
			}
		case *ast.BasicLit:
			if text, err := strconv.Unquote(node.Value); err == nil && node.Kind == token.STRING &&
				cloudText.MatchString(text) {
				found = append(found, node)
			}
		}
		return true
	})
	return found
}

func TestNamesOfClouds(t *testing.T) {
	for _, line := range []string{
		`var awsInstance = 1`, `var gcp = 1`, `var digitalOceanTags = 1`, `var doDroplet = 1`, `func openingsOnAWS() {}`, `func (GCPZone) zone() {}`,
		`type GoogleCloud int`, `var is = regions.DigitalOcean`, `var name = "aws"`, `var kind = "gcp:compute/disk:Disk"`, "var path = `digitalocean/droplet`",
		`var image = "aws-arm64"`, `var refusal = "the key has characters that AWS does not accept"`, `var title = "Google Cloud"`,
	} {
		assert.Len(t, namesOfClouds(parsed(t, line)), 1, line)
	}
	for _, line := range []string{
		`func doAll() {}`, `var doOne, done, document = 1, 2, 3`, `import "github.com/aws/aws-sdk-go-v2/aws"`, `var laws = "flaws"`, `var image = "awsome"`,
		`var letters = 'a'`, `// aws: AWS is named in a comment only`, `var url = "https://example.com/aws"`, `var clouds = map[string]int{}`,
	} {
		assert.Empty(t, namesOfClouds(parsed(t, line)), line)
	}
}

func parsed(t *testing.T, line string) *ast.File {
	t.Helper()
	syntax, err := parser.ParseFile(token.NewFileSet(), "example.go", "package example\n"+line, parser.ParseComments)
	require.NoError(t, err, line)
	return syntax
}

func TestIsOfOneCloud(t *testing.T) {
	for _, file := range []string{"regions/aws.go", "cost/prices_digitalocean.go", "components/gcp/network.go", "aws/main.go"} {
		assert.True(t, isOfOneCloud(file), file)
	}
	for _, file := range []string{"regions/laws.go", "cost/prices.go", "components/awsome/network.go", "running/aws_readers.go", "main.go"} {
		assert.False(t, isOfOneCloud(file), file)
	}
}
