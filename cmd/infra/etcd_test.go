package main

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestARestoreWantsTheClustersName, typed or as a flag, and nothing else.
func TestARestoreWantsTheClustersName(t *testing.T) {
	for _, test := range []struct {
		typed, flag string
		goesOn      bool
	}{
		{"prod\n", "", true}, {"yes\n", "", false}, {"", "", false}, {"", "prod", true}, {"prod\n", "other", false},
	} {
		command := &cobra.Command{}
		command.SetIn(strings.NewReader(test.typed))
		command.SetOut(&bytes.Buffer{})
		command.SetErr(&bytes.Buffer{})
		err := confirmName(command, "prod", test.flag)
		if test.goesOn {
			assert.NoError(t, err, test)
		} else {
			assert.ErrorContains(t, err, "is not the name of the cluster, prod; nothing was done", test)
		}
	}
}

func TestWhereSnapshotsGo(t *testing.T) {
	_, _, err := snapshotOptions{to: "file://backups"}.open(context.Background())
	require.ErrorContains(t, err, "file://backups names no absolute path")
	_, _, err = snapshotOptions{to: "backups"}.open(context.Background())
	require.ErrorContains(t, err, "--to: backups is neither a bucket")
	for _, to := range []string{"", "file:///var/backups"} {
		write, done, err := snapshotOptions{folder: "backups", to: to}.open(context.Background())
		require.NoError(t, err)
		assert.NotNil(t, write)
		assert.NoError(t, done())
	}
}
