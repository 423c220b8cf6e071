package lifecycle

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/inferadb/infra/simulator/store"
	"github.com/klauspost/compress/zstd"
	crypt "github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"
)

// recordAs is the name of a new layout: a month, or a release.
var recordAs = flag.String("record", "", "record today's layout under this name")

// widest are the settings by which a production of one region has the most kinds of resources.
var widest = map[string]map[string]string{
	"aws": {
		"pools":    `[{name: data, size: small, count: 2, workload: stateful}, {name: web, size: small, min: 1, max: 3, spot: {base: 1}}]`,
		"flowLogs": "true", "ebsEncryptionByDefault": "true", "cloudController": "true",
		"alarmEmails": "[ops@example.com]", "openPorts": "[{ports: 9100}]",
	},
	"gcp": {
		"pools": `[{name: data, size: small, count: 2, workload: stateful}, ` +
			`{name: web, size: small, min: 2, max: 3, spot: {base: 1}, autoscaling: cpu}]`,
		"flowLogs": "true", "alarmEmails": "[ops@example.com]", "openPorts": "[{ports: 9100}]",
	},
	"digitalocean": {
		"pools":     `[{name: data, size: small, count: 2, workload: stateful}, {name: web, size: small, count: 1}]`,
		"openPorts": "[{ports: 9100}]",
	},
}

// TestRecordLayout records what the program of today leaves running, for TestFormerLayouts of later versions.
func TestRecordLayout(t *testing.T) {
	flag.Visit(func(f *flag.Flag) {
		require.False(t, f.Name == "record" && *recordAs == "", "LAYOUT: is not set; write: make record-layout LAYOUT=2026-12 (CONTRIBUTING.md#move-or-rename-a-resource)")
	})
	if *recordAs == "" {
		t.Skip("records a new layout: make record-layout LAYOUT=2026-12")
	}
	require.NoDirExists(t, filepath.Join(layouts, *recordAs), "a recorded layout stays as it is; choose another name")
	made := t.TempDir()
	for _, cloud := range clouds {
		s := newStack(t, "production", cloud)
		s.set("regions", "[nyc1]")
		for key, value := range widest[cloud] {
			s.set(key, value)
		}
		settings := s.settings()
		// The certificates of the administrator have to be good for as long as the layout is tried.
		s.environment = append(s.environment, "SIMULATOR_CERTIFICATE_LIFETIME=87600h")
		s.up()
		s.nodes()
		s.settled()
		for ending, text := range map[string]string{
			"yaml": settings, "resources": strings.Join(s.urns(), "\n") + "\n", "recording": s.seal(),
		} {
			require.NoError(t, os.WriteFile(filepath.Join(made, cloud+"."+ending), []byte(text), 0o600))
		}
		s.destroy()
	}
	require.NoError(t, os.CopyFS(filepath.Join(layouts, *recordAs), os.DirFS(made)))
}

// settings are the stack file without the salt of its secrets, of which it has none.
func (s *stack) settings() string {
	s.t.Helper()
	text, err := os.ReadFile(s.path("Pulumi.production.yaml"))
	require.NoError(s.t, err)
	var file map[string]any
	require.NoError(s.t, yaml.Unmarshal(text, &file))
	delete(file, "encryptionsalt")
	text, err = yaml.Marshal(file)
	require.NoError(s.t, err)
	return string(text)
}

// recording is a running stack: its state, with the secrets in clear, and the journal of the simulated cloud.
type recording struct {
	State json.RawMessage
	// Journal is called World in the files, which older versions recorded.
	Journal string `json:"World"`
}

// sealer encrypts recordings. The secrets in them open nothing that exists, but whoever searches the repository for
// secrets need not know that.
func sealer() crypt.Crypter {
	return crypt.NewSymmetricCrypterFromPassphrase(passphrase, []byte(layouts))
}

// seal compresses and encrypts the stack and its cloud.
func (s *stack) seal() string {
	s.t.Helper()
	journal, err := os.ReadFile(s.path("store", store.JournalFile))
	require.NoError(s.t, err)
	text, err := json.Marshal(recording{State: json.RawMessage(s.pulumi("stack", "export", "--show-secrets")), Journal: string(journal)})
	require.NoError(s.t, err)
	// The same certificates stand in many places, far apart: a window of gzip's size would see few of them.
	writer, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithWindowSize(8<<20))
	require.NoError(s.t, err)
	sealed, err := sealer().EncryptValue(s.t.Context(), string(writer.EncodeAll(text, nil)))
	require.NoError(s.t, err)
	return sealed + "\n"
}

func unseal(t *testing.T, file string) recording {
	t.Helper()
	sealed, err := os.ReadFile(file)
	require.NoError(t, err)
	small, err := sealer().DecryptValue(t.Context(), strings.TrimSpace(string(sealed)))
	require.NoError(t, err)
	reader, err := zstd.NewReader(nil)
	require.NoError(t, err)
	defer reader.Close()
	text, err := reader.DecodeAll([]byte(small), nil)
	require.NoError(t, err)
	var r recording
	require.NoError(t, json.Unmarshal(text, &r))
	return r
}
