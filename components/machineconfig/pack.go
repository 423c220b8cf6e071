package machineconfig

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
)

// GzipUserData packs a configuration for a cloud that limits user data: base64 of gzip, which Talos unpacks. The output is
// the same for the same input. An error if the packed size (before base64, which is how the clouds count) is over limit
// bytes; 0 is no limit.
func GzipUserData(config string, limit int) (string, error) {
	var packed bytes.Buffer
	writer, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return "", err
	}
	if _, err := writer.Write([]byte(config)); err != nil {
		return "", err
	}
	if err := writer.Close(); err != nil {
		return "", err
	}
	if limit > 0 && packed.Len() > limit {
		return "", fmt.Errorf("user data is %d bytes packed, of which the cloud takes at most %d; shorten the patches: "+
			"manifests belong into bootstrapManifests, files into the running cluster", packed.Len(), limit)
	}
	return base64.StdEncoding.EncodeToString(packed.Bytes()), nil
}
