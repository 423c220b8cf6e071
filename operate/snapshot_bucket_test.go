package operate

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/inferadb/infra/operate/operatetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gocloud.dev/blob"
	_ "gocloud.dev/blob/memblob" // mem://
)

// names are the objects in a bucket.
func names(t *testing.T, bucket *blob.Bucket) []string {
	t.Helper()
	var all []string
	list := bucket.List(nil)
	for {
		object, err := list.Next(context.Background())
		if errors.Is(err, io.EOF) {
			return all
		}
		require.NoError(t, err)
		all = append(all, object.Key)
	}
}

func open(t *testing.T, address string) *blob.Bucket {
	t.Helper()
	bucket, err := OpenBucket(context.Background(), address)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, bucket.Close()) })
	return bucket
}

func TestASnapshotInABucketIsWhole(t *testing.T) {
	f, bucket := newFixture(t), open(t, "mem://")
	others := []string{clusterName + "-b-20260101T000000Z.etcd-snapshot", clusterName + "-notes.txt"}
	mine := []string{clusterName + "-20260101T000000Z.etcd-snapshot", clusterName + "-20260102T000000Z.etcd-snapshot"}
	for _, name := range append(others, mine...) {
		require.NoError(t, bucket.WriteAll(context.Background(), name, nil, nil))
	}
	op := f.operator(f.stack())
	name, err := op.SnapshotToBucket(context.Background(), bucket, 2)
	require.NoError(t, err)
	text, err := bucket.ReadAll(context.Background(), name)
	require.NoError(t, err)
	assert.Equal(t, f.Cluster.Snapshot, text)
	assert.ElementsMatch(t, append(others, mine[1], name), names(t, bucket))
	assert.Equal(t, []string{"snapshot " + clusterName + "-control-plane-1"}, f.Log(), "from a follower")
}

func TestATornSnapshotMakesNoObject(t *testing.T) {
	for name, text := range map[string][]byte{
		"nothing": nil, "cut within a page": operatetest.Snapshot("database")[:100], "cut at a page": operatetest.Snapshot("database")[:512],
		"other content": append([]byte{1}, operatetest.Snapshot("database")[1:]...),
	} {
		t.Run(name, func(t *testing.T) {
			f, bucket := newFixture(t), open(t, "mem://")
			f.Do(func() { f.Cluster.Snapshot = text })
			_, err := f.operator(f.stack()).SnapshotToBucket(context.Background(), bucket, 1)
			require.ErrorContains(t, err, "nothing was kept")
			assert.Empty(t, names(t, bucket))
		})
	}
	bucket := open(t, "mem://")
	err := writeObject(context.Background(), bucket, "x",
		io.MultiReader(bytes.NewReader(operatetest.Snapshot("database")), &failingReader{}))
	require.ErrorContains(t, err, "cut off after 544 bytes: broken", "whole so far, and the stream did not end")
	assert.Empty(t, names(t, bucket))
	ctx, cancel := context.WithCancel(context.Background())
	err = writeObject(ctx, bucket, "x", io.MultiReader(bytes.NewReader(operatetest.Snapshot("database")), endingReader{cancel}))
	require.Error(t, err, "interrupted when all was read and nothing was closed")
	assert.Empty(t, names(t, bucket))
}

// endingReader calls a function at its end.
type endingReader struct{ end func() }

func (r endingReader) Read([]byte) (int, error) {
	r.end()
	return 0, io.EOF
}

func TestThePlaceOfABucket(t *testing.T) {
	for _, address := range []string{"backups", "ftp://bucket"} {
		_, err := OpenBucket(context.Background(), address)
		assert.ErrorContains(t, err, address+" is neither a bucket such as s3://bucket/prefix or gs://bucket/prefix nor a folder")
	}
	bucket := open(t, "mem:///a/b/")
	require.NoError(t, bucket.WriteAll(context.Background(), "x", nil, nil))
	assert.Equal(t, []string{"x"}, names(t, bucket))
}

// TestS3GetsWholeObjectsAlone looks at what is sent to a server of S3's kind: one object in one request, and for a torn
// one none.
func TestS3GetsWholeObjectsAlone(t *testing.T) {
	stored := map[string][]byte{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		assert.Equal(t, http.MethodPut, r.Method, r.URL)
		stored[r.URL.Path] = body
		w.Header().Set("ETag", `"x"`)
	}))
	defer server.Close()
	bucket := open(t, "s3://space/etcd?region=us-east-1&use_path_style=true&anonymous=true&request_checksum_calculation=when_required&endpoint="+server.URL)
	whole := operatetest.Snapshot("database")
	require.ErrorContains(t, writeObject(context.Background(), bucket, "torn", bytes.NewReader(whole[:512])), "cut off")
	assert.Empty(t, stored)
	require.NoError(t, writeObject(context.Background(), bucket, "whole", bytes.NewReader(whole)))
	assert.Equal(t, map[string][]byte{"/space/etcd/whole": whole}, stored)
}
