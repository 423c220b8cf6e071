package operate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"gocloud.dev/blob"
	_ "gocloud.dev/blob/s3blob" // s3://
)

// bucketOpeners open the buckets of schemes of which more has to be asked than the driver does. Their files add
// themselves.
var bucketOpeners = map[string]bucketOpener{}

type bucketOpener func(ctx context.Context, place *url.URL) (*blob.Bucket, error)

func registerBucket(scheme string, open bucketOpener) bucketOpener {
	bucketOpeners[scheme] = open
	return open
}

// OpenBucket opens the place of a URL such as s3://bucket/prefix. Its query is the driver's:
// s3://space?endpoint=https://…
func OpenBucket(ctx context.Context, address string) (*blob.Bucket, error) {
	place, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	prefix := strings.Trim(place.Path, "/")
	place.Path = ""
	var bucket *blob.Bucket
	if open, ours := bucketOpeners[place.Scheme]; ours {
		if bucket, err = open(ctx, place); err != nil {
			return nil, fmt.Errorf("%s: %w", address, err)
		}
	} else if bucket, err = blob.OpenBucket(ctx, place.String()); err != nil {
		return nil, fmt.Errorf("%s is neither a bucket such as s3://bucket/prefix or "+
			"gs://bucket/prefix nor a folder such as "+
			"file:///var/backups: %w", address, err)
	}
	if prefix != "" {
		bucket = blob.PrefixedBucket(bucket, prefix+"/")
	}
	return bucket, nil
}

// SnapshotToBucket does what Snapshot does in a bucket, and returns the object's name.
func (op *Operator) SnapshotToBucket(ctx context.Context, bucket *blob.Bucket, keep int) (string, error) {
	name := op.snapshotName()
	err := op.withSnapshot(ctx, func(ctx context.Context, stream io.Reader) error {
		return writeObject(ctx, bucket, name, stream)
	})
	if err != nil {
		return "", err
	}
	if err := pruneBucket(ctx, bucket, op.cluster.Name, keep); err != nil {
		return name, fmt.Errorf("%s is saved, and older snapshots cannot be removed: %w", name, err)
	}
	return name, nil
}

// writeObject writes a stream to an object that appears once it is whole: a store makes the object when the writer is
// closed, and not at all if the context has ended by then. https://pkg.go.dev/gocloud.dev/blob#Bucket.NewWriter
func writeObject(ctx context.Context, bucket *blob.Bucket, name string, stream io.Reader) error {
	ctx, abort := context.WithCancel(ctx)
	defer abort()
	object, err := bucket.NewWriter(ctx, name, &blob.WriterOptions{ContentType: "application/octet-stream"})
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if err := copyVerified(object, stream); err != nil {
		abort()
		// What it returns is that it was aborted.
		_ = object.Close()
		return err
	}
	if err := object.Close(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// pruneBucket removes the cluster's snapshots beyond the newest.
func pruneBucket(ctx context.Context, bucket *blob.Bucket, cluster string, keep int) error {
	if keep <= 0 {
		return nil
	}
	var names []string
	list := bucket.List(&blob.ListOptions{Prefix: cluster + "-"})
	for {
		object, err := list.Next(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		names = append(names, object.Key)
	}
	names = snapshotsOf(cluster, names)
	var failed error
	for _, name := range names[:max(0, len(names)-keep)] {
		failed = errors.Join(failed, bucket.Delete(ctx, name))
	}
	return failed
}
