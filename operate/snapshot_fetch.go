package operate

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// fetchSnapshot returns the file of a snapshot. One in a bucket, s3://bucket/prefix/name, is copied into a folder
// first, where it has its name once its checksum matches. A copy that is there already is taken, so that a restore goes
// on although the bucket no longer answers.
func fetchSnapshot(ctx context.Context, address, folder, cluster string) (string, error) {
	if file, is := strings.CutPrefix(address, "file://"); is || !strings.Contains(address, "://") {
		return file, nil
	}
	place, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	name := path.Base(place.Path)
	if place.Path == "" || strings.HasSuffix(place.Path, "/") {
		return "", fmt.Errorf("%s names no object; write: --snapshot s3://bucket/prefix/%s-20261126T061200Z%s", address,
			cluster, snapshotSuffix)
	}
	if err := checkSnapshotName(name, cluster); err != nil {
		return "", err
	}
	file := filepath.Join(folder, name)
	if _, err := os.Stat(file); err == nil {
		return file, nil
	}
	place.Path = path.Dir(place.Path)
	if err := copyFromBucket(ctx, place.String(), name, file); err != nil {
		return "", fmt.Errorf("%s: the snapshot cannot be copied into %s: %w; choose another, or copy it there by "+
			"hand and name the file", address, folder, err)
	}
	return file, nil
}

// copyFromBucket copies a snapshot from a bucket to a file that only the owner may read.
func copyFromBucket(ctx context.Context, place, name, file string) (err error) {
	ctx, cancel := context.WithTimeout(ctx, snapshotLimit)
	defer cancel()
	bucket, err := OpenBucket(ctx, place)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, bucket.Close()) }()
	object, err := bucket.NewReader(ctx, name, nil)
	if err != nil {
		return err
	}
	defer object.Close()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	// A restore that was killed left it.
	if err := os.Remove(file + partSuffix); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return writeSnapshot(file, object)
}
