package operate

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/inferadb/infra/operate/operatetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// googleStorage is an emulator that OpenBucket finds.
func googleStorage(t *testing.T) *operatetest.GoogleStorage {
	t.Helper()
	storage := operatetest.NewGoogleStorage(t)
	t.Setenv("STORAGE_EMULATOR_HOST", storage.Host)
	return storage
}

// TestGoogleCloudKeepsTheNewest of this cluster, under the prefix of the URL, and nothing else is touched.
func TestGoogleCloudKeepsTheNewest(t *testing.T) {
	f, storage := newFixture(t), googleStorage(t)
	others := []string{
		"etcd/" + clusterName + "-b-20260101T000000Z.etcd-snapshot", "etcd/" + clusterName + "-notes.txt",
		clusterName + "-20260101T000000Z.etcd-snapshot", "other/" + clusterName + "-20260101T000000Z.etcd-snapshot",
	}
	mine := []string{"etcd/" + clusterName + "-20260101T000000Z.etcd-snapshot", "etcd/" + clusterName + "-20260102T000000Z.etcd-snapshot"}
	for _, name := range append(others, mine...) {
		storage.Put(name, nil)
	}
	name, err := f.operator(f.stack()).SnapshotToBucket(context.Background(), open(t, "gs://bucket/etcd"), 2)
	require.NoError(t, err)
	assert.Regexp(t, `^`+clusterName+`-\d{8}T\d{6}Z\.etcd-snapshot$`, name)
	objects := storage.Objects()
	assert.Equal(t, f.Cluster.Snapshot, objects["etcd/"+name])
	left := append(others, mine[1], "etcd/"+name)
	for _, want := range left {
		assert.Contains(t, objects, want)
	}
	assert.Len(t, objects, len(left))
}

// TestGoogleCloudGetsWholeObjectsAlone, of one request and of several chunks.
func TestGoogleCloudGetsWholeObjectsAlone(t *testing.T) {
	for name, snapshot := range map[string][]byte{
		"short": operatetest.Snapshot("database"), "long": operatetest.Snapshot(strings.Repeat("database", 17<<20/8)),
	} {
		t.Run(name, func(t *testing.T) {
			storage := googleStorage(t)
			bucket := open(t, "gs://bucket/etcd")
			for _, torn := range [][]byte{snapshot[:len(snapshot)-32], append([]byte{1}, snapshot[1:]...)} {
				require.Error(t, writeObject(context.Background(), bucket, "torn", bytes.NewReader(torn)))
			}
			ctx, cancel := context.WithCancel(context.Background())
			require.Error(t, writeObject(ctx, bucket, "interrupted",
				io.MultiReader(bytes.NewReader(snapshot), endingReader{cancel})))
			assert.Empty(t, storage.Objects())
			assert.Equal(t, name == "long", storage.Unfinished() > 0, "a long one was begun")
			require.NoError(t, writeObject(context.Background(), bucket, "whole", bytes.NewReader(snapshot)))
			objects := storage.Objects()
			assert.Len(t, objects, 1)
			assert.True(t, bytes.Equal(snapshot, objects["etcd/whole"]))
		})
	}
}

// withoutCredentials is an environment in which nothing but a metadata server has any.
func withoutCredentials(t *testing.T, metadata string) {
	t.Helper()
	for name, value := range map[string]string{
		"STORAGE_EMULATOR_HOST": "", "GOOGLE_APPLICATION_CREDENTIALS": "", "HOME": t.TempDir(), "GCE_METADATA_HOST": metadata,
	} {
		t.Setenv(name, value)
	}
}

// TestAMetadataServerThatIsSilentIsNotWaitedFor, and one that answers is believed.
func TestAMetadataServerThatIsSilentIsNotWaitedFor(t *testing.T) {
	silent := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/token") {
			<-silent
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`{"access_token":"token-1","expires_in":3600,"token_type":"Bearer"}`))
		}
	}))
	defer server.Close()
	withoutCredentials(t, server.Listener.Addr().String())
	begun := time.Now()
	_, err := googleCloudTokens(context.Background(), 100*time.Millisecond)
	require.EqualError(t, err, "they gave no token within 100ms")
	assert.Less(t, time.Since(begun), 5*time.Second)
	close(silent)
	tokens, err := googleCloudTokens(context.Background(), time.Minute)
	require.NoError(t, err)
	token, err := tokens.Token()
	require.NoError(t, err)
	assert.Equal(t, "token-1", token.AccessToken)
}

func TestCredentialsThatCannotBeUsedAreNamed(t *testing.T) {
	refusing := httptest.NewServer(http.NotFoundHandler())
	defer refusing.Close()
	withoutCredentials(t, refusing.Listener.Addr().String())
	const remedy = "run: gcloud auth application-default login, or name a file of credentials in GOOGLE_APPLICATION_CREDENTIALS"
	_, err := OpenBucket(context.Background(), "gs://bucket/etcd")
	require.ErrorContains(t, err, "gs://bucket/etcd: the credentials of Google Cloud cannot be used: ")
	require.ErrorContains(t, err, remedy)
	key := filepath.Join(t.TempDir(), "key.json")
	require.NoError(t, os.WriteFile(key, []byte(`{"type":"service_account","private_key":"hidden"}`), 0o600))
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", key)
	_, err = OpenBucket(context.Background(), "gs://bucket/etcd")
	require.ErrorContains(t, err, remedy)
	assert.NotContains(t, err.Error(), "hidden")
}
