package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"

	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
)

// release is a version of Cilium whose manifests the program carries.
type release struct {
	version string
	// sum is the module's checksum as go.sum has it.
	sum string
	// agent and operator are the digests of the two images that Cilium builds for a release. The chart in the module
	// has them for all other images; these two exist only after the module's commit. They stand in the release's notes:
	// https://github.com/cilium/cilium/releases
	agent, operator string
}

var releases = []release{
	{
		version:  "1.19.3",
		sum:      "h1:foJrHPk45HwshOd8Qf/kptf9JxPfNySkIDKsetZa9+Y=",
		agent:    "sha256:2e61680593cddca8b6c055f6d4c849d87a26a1c91c7e3b8b56c7fb76ab7b7b10",
		operator: "sha256:205b09b0ed6accbf9fe688d312a9f0fcfc6a316fc081c23fbffb472af5dd62cd",
	},
	{
		version:  "1.20.2",
		sum:      "h1:dqiEGIcXc+gqCLYG/l7VCFJ8GHyb4HUrwbZOpkX5dL8=",
		agent:    "sha256:2939231d0d3e3ebddcd80fffa168b7ddcc78fdf0dc864d1c8c126ff523c54f01",
		operator: "sha256:64d8798350e8569b8e7622563fed6e44dce2625f311e4651b774816516c744fc",
	},
}

// loadChart loads the chart of a release from Cilium's Go module, which has the chart's files beside the code. Go
// downloads the module and checks it; go.mod names no version, because it could name one only.
func loadChart(release release) (*chart.Chart, error) {
	var module struct{ Dir, Sum, Error string }
	download := exec.Command("go", "mod", "download", "-json", "github.com/cilium/cilium@v"+release.version)
	var failure bytes.Buffer
	download.Stderr = &failure
	answer, err := download.Output()
	if parsed := json.Unmarshal(answer, &module); err != nil || parsed != nil {
		return nil, fmt.Errorf("cilium %s: %w: %s%s", release.version, err, module.Error, failure.String())
	}
	if module.Sum != release.sum {
		return nil, fmt.Errorf(
			"cilium %s: the module's checksum is %s, not %s",
			release.version,
			module.Sum,
			release.sum,
		)
	}
	return loader.LoadDir(filepath.Join(module.Dir, "install", "kubernetes", "cilium"))
}
