package digitalocean

import (
	"slices"
	"strconv"
	"strings"

	"github.com/inferadb/infra/components/cloud"
	"github.com/pulumi/pulumi-digitalocean/sdk/v4/go/digitalocean"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// The types that Existing looks for.
const (
	sshKeyToken  = "digitalocean:index/sshKey:SshKey"
	dropletToken = "digitalocean:index/droplet:Droplet"
)

// Existing looks for the cluster's SSH key, which an account accepts once, and for droplets by name: DigitalOcean
// starts any number of the same name.
func (c *Cloud) Existing(known cloud.Known, machines []string) ([]cloud.Found, error) {
	var found []cloud.Found
	if name := c.name(keyName); !known(sshKeyToken, name) {
		mine, err := placeholderSSHKey(c.cluster.Name)
		if err != nil {
			return nil, err
		}
		keys, err := digitalocean.GetSshKeys(c.ctx, &digitalocean.GetSshKeysArgs{}, c.lookup()...)
		if err != nil {
			return nil, err
		}
		for _, key := range keys.SshKeys {
			if strings.TrimSpace(key.PublicKey) == mine {
				found = append(
					found,
					cloud.Found{Type: sshKeyToken, Name: name, ID: strconv.Itoa(key.Id), Marker: true},
				)
			}
		}
	}
	unknown := known.Unknown(dropletToken, machines)
	if len(unknown) == 0 {
		return found, nil
	}
	droplets, err := digitalocean.GetDroplets(c.ctx, &digitalocean.GetDropletsArgs{
		Filters: []digitalocean.GetDropletsFilter{{Key: "name", Values: unknown}},
	}, c.lookup()...)
	if err != nil {
		return nil, err
	}
	for _, droplet := range droplets.Droplets {
		if slices.Contains(unknown, droplet.Name) {
			found = append(found, cloud.Found{Type: dropletToken, Name: droplet.Name, ID: strconv.Itoa(droplet.Id)})
		}
	}
	return found, nil
}

// lookup returns the options of every lookup. Without a provider of its own a lookup would use the default token.
func (c *Cloud) lookup() []pulumi.InvokeOption {
	return []pulumi.InvokeOption{pulumi.Parent(c.parent), pulumi.Provider(c.provider)}
}
