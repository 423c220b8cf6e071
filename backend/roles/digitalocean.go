package roles

// DigitalOceanFunctions are the look-ups that the program uses there, and the scopes that each asks of a token.
var DigitalOceanFunctions = map[string][]string{"digitalocean:index/getVpc:getVpc": {"vpc:read"}}

// DigitalOcean are the types that the program uses there, and the scopes of a token that each asks. A token is for a whole team.
// https://docs.digitalocean.com/reference/api/scopes/
var DigitalOcean = map[string]Permissions{
	"digitalocean:index/vpc:Vpc": {Read: []string{"vpc:read"}, Write: scopes("vpc", "create", "update", "delete")},
	"digitalocean:index/firewall:Firewall": {
		Read: []string{"firewall:read", "tag:read"}, Write: append(scopes("firewall", "create", "update", "delete"), "tag:create"),
	},
	"digitalocean:index/loadBalancer:LoadBalancer": {
		Read: []string{"load_balancer:read", "tag:read"}, Write: scopes("load_balancer", "create", "update", "delete"),
	},
	"digitalocean:index/customImage:CustomImage": {
		Read: []string{"actions:read", "image:read"}, Write: scopes("image", "create", "update", "delete"),
	},
	"digitalocean:index/sshKey:SshKey": {Read: []string{"ssh_key:read"}, Write: scopes("ssh_key", "create", "update", "delete")},
	"digitalocean:index/tag:Tag":       {Read: []string{"tag:read"}, Write: scopes("tag", "create", "delete")},
	"digitalocean:index/droplet:Droplet": {
		Read:  []string{"actions:read", "droplet:read", "image:read", "regions:read", "sizes:read", "ssh_key:read", "tag:read", "vpc:read"},
		Write: append(scopes("droplet", "create", "update", "delete"), "tag:create"),
	},
}

// ReadDigitalOcean are the scopes of a preview's token.
func ReadDigitalOcean() []string {
	var all []string
	for _, asks := range DigitalOcean {
		all = append(all, asks.Read...)
	}
	for _, asks := range DigitalOceanFunctions {
		all = append(all, asks...)
	}
	return sorted(all)
}

// ChangeDigitalOcean are the scopes that an update's token has besides.
func ChangeDigitalOcean() []string {
	var all []string
	for _, asks := range DigitalOcean {
		all = append(all, asks.Write...)
	}
	return sorted(all)
}

// scopes spells verbs on one kind of thing.
func scopes(kind string, verbs ...string) []string {
	spelled := make([]string, len(verbs))
	for i, verb := range verbs {
		spelled[i] = kind + ":" + verb
	}
	return spelled
}
