package machineconfig

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
)

// GzipUserData packs a configuration for a cloud that limits user data: base64 of gzip, which Talos unpacks. The output
// is the same for the same input. It returns an error if the packed size (before base64, which is how the clouds count)
// is over limit bytes, which Check finds before anything is created; 0 is no limit.
func GzipUserData(config string, limit int) (string, error) {
	packed, err := gzipped(config)
	if err != nil {
		return "", err
	}
	if limit > 0 && len(packed) > limit {
		return "", problem("user data has %d bytes packed, and the cloud accepts at most %d", len(packed), limit).
			remedy("shorten the patches")
	}
	return base64.StdEncoding.EncodeToString(packed), nil
}

func gzipped(text string) ([]byte, error) {
	var packed bytes.Buffer
	writer, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := writer.Write([]byte(text)); err != nil {
		return nil, err
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}
