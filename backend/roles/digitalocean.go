package roles

// DigitalOceanFunctions are the look-ups that the program uses there, and the scopes that each asks of a token.
var DigitalOceanFunctions = map[string][]string{
	"digitalocean:index/getDroplets:getDroplets": {"droplet:read"},
	"digitalocean:index/getSshKeys:getSshKeys":   {"ssh_key:read"},
	"digitalocean:index/getVpc:getVpc":           {"vpc:read"},
}

// DigitalOcean are the types that the program uses there, and the scopes of a token that each asks. A token is for a
// whole team.
// https://docs.digitalocean.com/reference/api/scopes/
var DigitalOcean = map[string]Permissions{
	"digitalocean:index/vpc:Vpc": {Read: []string{"vpc:read"}, Write: each("vpc:", "create", "update", "delete")},
	"digitalocean:index/firewall:Firewall": {
		Read: []string{
			"firewall:read",
			"tag:read",
		}, Write: append(each("firewall:", "create", "update", "delete"), "tag:create"),
	},
	"digitalocean:index/loadBalancer:LoadBalancer": {
		Read: []string{"load_balancer:read", "tag:read"}, Write: each("load_balancer:", "create", "update", "delete"),
	},
	"digitalocean:index/customImage:CustomImage": {
		Read: []string{"actions:read", "image:read"}, Write: each("image:", "create", "update", "delete"),
	},
	"digitalocean:index/sshKey:SshKey": {
		Read:  []string{"ssh_key:read"},
		Write: each("ssh_key:", "create", "update", "delete"),
	},
	"digitalocean:index/tag:Tag": {Read: []string{"tag:read"}, Write: each("tag:", "create", "delete")},
	"digitalocean:index/droplet:Droplet": {
		Read: []string{
			"actions:read",
			"droplet:read",
			"image:read",
			"regions:read",
			"sizes:read",
			"ssh_key:read",
			"tag:read",
			"vpc:read",
		},
		Write: append(each("droplet:", "create", "update", "delete"), "tag:create"),
	},
}

// ReadDigitalOcean returns the scopes of a preview's token.
func ReadDigitalOcean() []string { return reads(DigitalOcean, DigitalOceanFunctions) }

// ChangeDigitalOcean returns the scopes that an update's token has besides.
func ChangeDigitalOcean() []string { return writes(DigitalOcean) }
