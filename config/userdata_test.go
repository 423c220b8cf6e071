package config

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/machineconfig"
	talos "github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestWhatLoadAcceptedFitsIntoUserData takes the largest patch that Load accepts, in the stack whose names and networks
// are the longest, and packs what the machines of it boot with: with real secrets, and with what the clouds tell during
// an update.
func TestWhatLoadAcceptedFitsIntoUserData(t *testing.T) {
	real := realSecrets(t, 12)
	for _, test := range []struct {
		name, endpoint string
		limit          int
		file           stackFile
		networks       int
	}{
		{"aws", "api.inferadb-abcdefghijklmnopqrstuvwxyz-nyc1.internal", 16384, stackFile{
			"regions": `[{"name":"nyc1","network":{"id":"vpc-0123456789abcdef0",` +
				`"subnetIds":["subnet-0123456789abcdef0","subnet-0123456789abcdef1","subnet-0123456789abcdef2"],` +
				`"publicSubnetIds":["subnet-0123456789abcdef3","subnet-0123456789abcdef4","subnet-0123456789abcdef5"]}}]`,
			"access": "public", "operatorCidrs": `["203.0.113.0/24"]`, "diskEncryption": "luks",
		}, 6},
		{"gcp", "10.101.255.250", 262144, stackFile{"provider": "gcp", "gcp:project": "acme"}, 1},
		{"digitalocean", "10.101.255.250", 65536, stackFile{"provider": "digitalocean"}, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			accepts := func(size int) ([]cluster.Cluster, bool) {
				patch, err := json.Marshal(map[string][]string{"all": {randomPatch(size)}})
				require.NoError(t, err)
				clusters, _, err := Load("abcdefghijklmnopqrstuvwxyz", test.file.with("patches", string(patch)).settings())
				if err != nil {
					require.Contains(t, err.Error(), fmt.Sprintf("and the cloud accepts at most %d", test.limit))
				}
				return clusters, err == nil
			}
			const step = 256
			least := test.limit / 2 / step
			refused := least + sort.Search(test.limit/step,
				func(n int) bool { _, ok := accepts(step * (least + n)); return !ok })
			clusters, ok := accepts(step * (refused - 1))
			require.True(t, ok)
			in := clusters[0].ControlPlaneConfiguration()
			in.Endpoint = test.endpoint
			require.Equal(t, test.networks, 1+len(in.OtherNetworks), "as many as the cloud names")
			in.Network, in.OtherNetworks = netip.MustParsePrefix("172.31.201.128/25"), nil
			for i := range test.networks - 1 {
				in.OtherNetworks = append(in.OtherNetworks, netip.MustParsePrefix(fmt.Sprintf("172.31.%d.128/25", 111+13*i)))
			}
			largest := 0
			for i, bundle := range real {
				in.Contract = []string{"v1.10.0", "v1.11.0", "v1.12.0"}[i%3]
				text, err := machineconfig.Generate(in, bundle)
				require.NoError(t, err)
				largest = max(largest, userDataSize(t, text, in.TextUserDataOnly))
			}
			assert.LessOrEqual(t, largest, test.limit)
			assert.Greater(t, largest, test.limit-1024, "hardly anything is refused that would fit")
		})
	}
}

// randomPatch is a patch of about that size, which hardly packs.
func randomPatch(size int) string {
	content := make([]byte, size/2)
	_, _ = rand.NewChaCha8([32]byte{}).Read(content)
	return "machine: {files: [{op: create, path: /var/a, content: " + strings.ToLower(hex.EncodeToString(content)) + "}]}"
}

// realSecrets are sets of secrets with one service account key, because generating one takes a second.
func realSecrets(t *testing.T, count int) []*secrets.Bundle {
	t.Helper()
	whole, err := secrets.NewBundle(secrets.NewFixedClock(time.Now()), talos.TalosVersion1_12)
	require.NoError(t, err)
	bundles := []*secrets.Bundle{whole}
	for len(bundles) < count {
		bundle, err := secrets.NewBundle(secrets.NewFixedClock(time.Now()), talos.TalosVersion1_6)
		require.NoError(t, err)
		bundle.Certs.K8sServiceAccount = whole.Certs.K8sServiceAccount
		bundles = append(bundles, bundle)
	}
	return bundles
}

// userDataSize is what the cloud counts: bytes before base64.
func userDataSize(t *testing.T, text string, plain bool) int {
	t.Helper()
	if plain {
		return len(text)
	}
	packed, err := machineconfig.GzipUserData(text, 0)
	require.NoError(t, err)
	data, err := base64.StdEncoding.DecodeString(packed)
	require.NoError(t, err)
	return len(data)
}
