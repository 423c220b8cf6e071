package main

// doctl finds by name in a list.
func doctl(list string) lookup {
	return lookup{look: "doctl " + list + " --format ID,Name --no-header | grep ' {name}$'"}
}

var _ = register(map[string]lookup{
	"digitalocean:index/vpc:Vpc":                   doctl("vpcs list"),
	"digitalocean:index/firewall:Firewall":         doctl("compute firewall list"),
	"digitalocean:index/loadBalancer:LoadBalancer": doctl("compute load-balancer list"),
	"digitalocean:index/sshKey:SshKey":             doctl("compute ssh-key list"),
	"digitalocean:index/customImage:CustomImage":   doctl("compute image list-user"),
	"digitalocean:index/droplet:Droplet":           doctl("compute droplet list"),
	"digitalocean:index/tag:Tag":                   again("the same tag is handed out again"),
})
