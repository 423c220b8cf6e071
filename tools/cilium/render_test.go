package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

const folder = "../../components/machineconfig/cilium"

// TestFilesAreRendered compares the files that the program carries with a new rendering.
func TestFilesAreRendered(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil || len(files) != len(releases) {
		t.Fatalf("%s has %d files for %d releases (%v)", folder, len(files), len(releases), err)
	}
	for _, release := range releases {
		file, err := os.ReadFile(filepath.Join(folder, release.version+".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		if string(file) != rendered(t, release, true) {
			t.Errorf("%s.yaml is not what the chart renders; run: make cilium", release.version)
		}
	}
}

// checksum is that of Cilium's settings, in the templates of the pods that follow them.
var checksum = regexp.MustCompile(`cilium-configmap-checksum: [0-9a-f]{64}`)

// TestEncryptionIsTwoLines holds the program to what it does for podEncryption: none, which is to leave out two lines
// and to change the checksums.
func TestEncryptionIsTwoLines(t *testing.T) {
	for _, release := range releases {
		without := rendered(t, release, true)
		for _, line := range []string{"  enable-wireguard: \"true\"\n", "  wireguard-persistent-keepalive: 0s\n"} {
			if strings.Count(without, line) != 1 {
				t.Fatalf("%s: %q stands in it %d times", release.version, line, strings.Count(without, line))
			}
			without = strings.Replace(without, line, "", 1)
		}
		if found := checksum.FindAllString(without, -1); len(found) != 2 {
			t.Errorf("%s: %d pods follow Cilium's settings", release.version, len(found))
		}
		if checksum.ReplaceAllString(without, "") != checksum.ReplaceAllString(rendered(t, release, false), "") {
			t.Errorf("%s: without encryption the chart renders more than two lines otherwise", release.version)
		}
	}
}

// TestImagesHaveDigests: an image without one could be another tomorrow.
func TestImagesHaveDigests(t *testing.T) {
	image := regexp.MustCompile(`(?m)^\s+(?:- )?image: (.*)$`)
	digest := regexp.MustCompile(`^\S+:v[^@\s]+@sha256:[0-9a-f]{64}$`)
	for _, release := range releases {
		found := image.FindAllStringSubmatch(rendered(t, release, true), -1)
		if len(found) < 3 {
			t.Errorf("%s has %d images", release.version, len(found))
		}
		for _, match := range found {
			if !digest.MatchString(match[1]) {
				t.Errorf("%s: %s has no digest", release.version, match[1])
			}
		}
	}
}

// TestNothingSecret: a Secret would be generated anew on every rendering, and a Job cannot be applied twice.
func TestNothingSecret(t *testing.T) {
	for _, release := range releases {
		decoder := yaml.NewDecoder(strings.NewReader(rendered(t, release, true)))
		for {
			var object struct{ Kind string }
			if decoder.Decode(&object) != nil {
				break
			}
			if object.Kind == "Secret" || object.Kind == "Job" || object.Kind == "CustomResourceDefinition" {
				t.Errorf("%s has a %s", release.version, object.Kind)
			}
		}
	}
}

func rendered(t *testing.T, release release, encrypted bool) string {
	t.Helper()
	text, err := render(release, encrypted)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
