package nodes

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/siderolabs/talos/pkg/machinery/api/common"
	"github.com/siderolabs/talos/pkg/machinery/api/machine"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// EtcdRecover takes a snapshot, for a bootstrap that recovers from it.
func (machineService) EtcdRecover(stream grpc.ClientStreamingServer[common.Data, machine.EtcdRecoverResponse]) error {
	n := targetOf(stream.Context())
	if n.member() != nil || n.state().EtcdData != "" {
		return status.Error(codes.FailedPrecondition, "etcd service is not in the Preparing state")
	}
	var snapshot bytes.Buffer
	for {
		chunk, err := stream.Recv()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		snapshot.Write(chunk.GetBytes())
	}
	if err := n.keepSnapshot(snapshot.Bytes()); err != nil {
		return err
	}
	return stream.SendAndClose(&machine.EtcdRecoverResponse{Messages: []*machine.EtcdRecover{{}}})
}

// etcdFolder is where Talos keeps etcd's data.
const etcdFolder = "/var/lib/etcd"

// Copy sends a file of etcd as a compressed archive. A node's disk has no other files here.
func (machineService) Copy(in *machine.CopyRequest, stream grpc.ServerStreamingServer[common.Data]) error {
	n := targetOf(stream.Context())
	path, err := filepath.Rel(etcdFolder, filepath.Clean(in.GetRootPath()))
	if err != nil || !filepath.IsLocal(path) {
		return status.Errorf(codes.Unimplemented, "the simulator has no %s", in.GetRootPath())
	}
	data, err := os.ReadFile(filepath.Join(n.etcdData(), path))
	if err != nil {
		return status.Errorf(codes.Unknown, "stat %s: no such file or directory", in.GetRootPath())
	}
	var packed bytes.Buffer
	zipped := gzip.NewWriter(&packed)
	archive := tar.NewWriter(zipped)
	header := &tar.Header{Typeflag: tar.TypeReg, Name: filepath.Base(path), Size: int64(len(data)), Mode: 0o600}
	if err := archive.WriteHeader(header); err != nil {
		return err
	}
	_, err = archive.Write(data)
	if err := errors.Join(err, archive.Close(), zipped.Close()); err != nil {
		return err
	}
	for {
		chunk := packed.Next(32 << 10)
		if len(chunk) == 0 {
			return nil
		}
		if err := stream.Send(&common.Data{Bytes: chunk}); err != nil {
			return err
		}
	}
}
