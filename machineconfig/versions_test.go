package machineconfig

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestImageTag(t *testing.T) {
	for image, want := range map[string]string{
		"ghcr.io/siderolabs/kubelet:v1.35.0": "v1.35.0", "registry:5000/kubelet": "", "kubelet:v1@sha256:ab": "v1", "": "",
	} {
		assert.Equal(t, want, ImageTag(image), image)
	}
}
