package machineconfig

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestChangedFields names paths, in every document, and no value.
func TestChangedFields(t *testing.T) {
	load := func(patches ...string) (text string) {
		text, err := Generate(input(Worker, func(in *Input) { in.Patches = patches }), bundleOfWords())
		require.NoError(t, err)
		return text
	}
	was, err := Parse(load("machine: {sysctls: {a.b: '1'}, udev: {rules: [a]}}"))
	require.NoError(t, err)
	is, err := Parse(load("machine: {sysctls: {a.b: '2', c.d: '1'}}", "apiVersion: v1alpha1\nkind: UserVolumeConfig\nname: data\n"+
		"provisioning: {diskSelector: {match: 'disk.size > 1u * GB'}, minSize: 1GB}"))
	require.NoError(t, err)
	assert.Equal(t, []string{
		"UserVolumeConfig data: apiVersion", "UserVolumeConfig data: kind", "UserVolumeConfig data: name",
		"UserVolumeConfig data: provisioning.diskSelector.match", "UserVolumeConfig data: provisioning.minSize",
		"machine.sysctls.a.b", "machine.sysctls.c.d", "machine.udev.rules",
	}, ChangedFields(was, is))
	assert.Empty(t, ChangedFields(was, was))
	_, err = Parse("secret: text")
	assert.EqualError(t, err, "Talos cannot read this configuration")
}
