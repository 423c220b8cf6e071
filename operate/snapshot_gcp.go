package operate

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"time"

	"cloud.google.com/go/storage"
	"gocloud.dev/blob"
	"gocloud.dev/blob/gcsblob"
	"gocloud.dev/gcp"
)

const (
	// credentialsLimit is how long Google Cloud's credentials are looked for. Without a file of them the library asks a
	// metadata server, and no answer of it ends that.
	credentialsLimit = 20 * time.Second
	// storageAttempts is how often a request to Google Cloud Storage is sent, which the library repeats until the
	// context ends.
	// https://cloud.google.com/storage/docs/retry-strategy#go
	storageAttempts = 4
)

var _ = registerBucket(gcsblob.Scheme, openGoogleCloud)

// openGoogleCloud opens a bucket of Google Cloud Storage with the application default credentials. They have to give a
// token first, so that no etcd is asked for a snapshot that has nowhere to go.
func openGoogleCloud(ctx context.Context, place *url.URL) (*blob.Bucket, error) {
	opener := gcsblob.URLOpener{Client: gcp.NewAnonymousHTTPClient(gcp.DefaultTransport())}
	// With this variable the library talks to an emulator, without credentials.
	if os.Getenv("STORAGE_EMULATOR_HOST") == "" {
		tokens, err := googleCloudTokens(ctx, credentialsLimit)
		if err != nil {
			return nil, fmt.Errorf("the credentials of Google Cloud cannot be used: %w; run: gcloud "+
				"auth application-default login, "+
				"or name a file of credentials in GOOGLE_APPLICATION_CREDENTIALS", err)
		}
		if opener.Client, err = gcp.NewHTTPClient(gcp.DefaultTransport(), tokens); err != nil {
			return nil, err
		}
	}
	bucket, err := opener.OpenBucketURL(ctx, place)
	if err != nil {
		return nil, err
	}
	var client *storage.Client
	if bucket.As(&client) {
		client.SetRetry(storage.WithMaxAttempts(storageAttempts))
	}
	return bucket, nil
}

// googleCloudTokens finds the application default credentials, and has them give a token.
func googleCloudTokens(ctx context.Context, limit time.Duration) (gcp.TokenSource, error) {
	type answer struct {
		tokens gcp.TokenSource
		err    error
	}
	found := make(chan answer, 1)
	go func() {
		// The tokens keep the context, and outlive this function.
		credentials, err := gcp.DefaultCredentials(context.WithoutCancel(ctx))
		if err == nil {
			_, err = credentials.TokenSource.Token()
		}
		found <- answer{gcp.CredentialsTokenSource(credentials), err}
	}()
	select {
	case got := <-found:
		return got.tokens, got.err
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(limit):
		return nil, fmt.Errorf("they gave no token within %s", limit)
	}
}
