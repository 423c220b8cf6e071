package style

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/inferadb/infra/regions"
	"github.com/stretchr/testify/assert"
)

// ofEachCloud are the files and folders that every cloud has, with the cloud's name in place of CLOUD. Whoever adds a
// cloud finds in this list what is still missing.
var ofEachCloud = []string{
	"regions/CLOUD.go",
	"components/CLOUD",
	"running/CLOUD.go",
	"policy/rules/CLOUD.go",
	"invariants/CLOUD.go",
	"cost/prices_CLOUD.go",
	"cmd/infra/pending_CLOUD.go",
	"backend/roles/CLOUD.go",
	"simulator/CLOUD",
	"docs/graph/CLOUD.mmd",
}

// TestEveryCloudHasAFileInEachRoom wants every cloud of package regions in every package that distinguishes clouds.
func TestEveryCloudHasAFileInEachRoom(t *testing.T) {
	for _, cloud := range regions.Providers() {
		for _, name := range ofEachCloud {
			name = strings.ReplaceAll(name, "CLOUD", string(cloud))
			_, err := os.Stat(filepath.Join(repository, name))
			assert.NoError(t, err, "%s has no %s (docs/adding-a-cloud.md)", cloud, name)
		}
	}
}
