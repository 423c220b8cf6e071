package digitalocean

import (
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"strings"

	"filippo.io/edwards25519"
	"github.com/pulumi/pulumi-digitalocean/sdk/v4/go/digitalocean"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"golang.org/x/crypto/ssh"
)

// keyName ends the name of the SSH key.
const keyName = "unusable"

// createKey registers the SSH key without which the API starts no droplet from a custom image
// (https://docs.digitalocean.com/products/custom-images/how-to/create-droplets/). Talos has no SSH to use it with.
func (c *Cloud) createKey() (*digitalocean.SshKey, error) {
	public, err := placeholderSSHKey(c.cluster.Name)
	if err != nil {
		return nil, err
	}
	return digitalocean.NewSshKey(c.ctx, c.name(keyName), &digitalocean.SshKeyArgs{
		PublicKey: pulumi.String(public),
	}, c.options()...)
}

// placeholderSSHKey returns a public key that has no known private key: the point of the curve to which a hash of the
// name leads. It is the same in every run and different for every cluster, because an account accepts a key only once.
func placeholderSSHKey(name string) (string, error) {
	for try := 0; ; try++ {
		hash := sha256.Sum256(fmt.Appendf(nil, "no private key: %s %d", name, try))
		if _, err := new(edwards25519.Point).SetBytes(hash[:]); err != nil {
			continue // about half of all numbers are no point
		}
		key, err := ssh.NewPublicKey(ed25519.PublicKey(hash[:]))
		if err != nil {
			return "", err
		}
		return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key))) + " " + name, nil
	}
}
