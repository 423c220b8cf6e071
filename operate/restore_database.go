package operate

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// etcdDatabase is where a member keeps its database.
const etcdDatabase = "/var/lib/etcd/member/snap/db"

// errNoDatabase means that a node has no database, which can be so where its etcd is broken.
var errNoDatabase = errors.New("it has no " + etcdDatabase)

// keepDatabase copies a node's database before it is wiped. It may be newer than the snapshot, and has no checksum. The
// restore goes on where a node has none, and stops where one cannot be copied.
func (r *Restore) keepDatabase(ctx context.Context, m Machine) error {
	path := filepath.Join(r.Databases, m.Name+"-"+time.Now().UTC().Format(snapshotTime)+".etcd-db")
	err := r.copyDatabase(ctx, m, path)
	switch {
	case err == nil:
		r.logf("%s: its database is saved in %s", m.Name, path)
	case errors.Is(err, errNoDatabase) || strings.Contains(err.Error(), "no such file or directory") ||
		r.WithoutDatabases:
		r.logf("%s: its database is not copied: %s", m.Name, reason(err))
	default:
		return fmt.Errorf("%s: its database, which may be newer than the snapshot, cannot be copied into %s: %s; it "+
			"was not wiped; repair that and run "+
			"this again, or go on without it: --without-databases", m.Name, r.Databases, reason(err))
	}
	return nil
}

func (r *Restore) copyDatabase(ctx context.Context, m Machine, path string) error {
	ctx, cancel := context.WithTimeout(ctx, snapshotLimit)
	defer cancel()
	c, ctx := r.Operator.talos.reach(ctx, m, "")
	packed, err := c.Copy(ctx, etcdDatabase)
	if err != nil {
		return err
	}
	defer packed.Close()
	unzipped, err := gzip.NewReader(packed)
	if err != nil {
		return err
	}
	archive := tar.NewReader(unzipped)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return errNoDatabase
		}
		if err != nil {
			return err
		}
		if header.Typeflag == tar.TypeReg {
			return writeDatabase(path, archive, header.Size)
		}
	}
}

// writeDatabase writes a file that has its name only when it is whole.
func writeDatabase(path string, from io.Reader, bytes int64) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return writeWhole(path, func(file io.Writer) error {
		if copied, err := io.Copy(file, from); err != nil || copied != bytes {
			return fmt.Errorf("it was cut off after %d of %d bytes: %s", copied, bytes, reason(err))
		}
		return nil
	})
}
