// Package config has the settings of a stack file, checks them and resolves them into clusters. It is pure: settings
// in, clusters or errors out, all errors at once and before the first resource is registered.
package config

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/machineconfig"
	"github.com/inferadb/infra/regions"
)

// Load resolves a stack's settings, as Pulumi's RunInfo hands them over ("inferadb:environment": "dev"), into its
// clusters, in the order of the stack file. Encrypted names the keys that the stack file has encrypted. The error is of
// type Errors. The warnings are for people. Files that the settings name are read from the working directory, which for
// a program that Pulumi runs is the folder of Pulumi.yaml and of the stack files.
func Load(
	stackName string,
	settings map[string]string,
	encrypted ...string,
) (clusters []cluster.Cluster, warnings []string, err error) {
	return LoadFrom("", stackName, settings, encrypted...)
}

// LoadFrom is like Load, but reads the files that the settings name from folder.
func LoadFrom(
	folder, stackName string,
	settings map[string]string,
	encrypted ...string,
) (clusters []cluster.Cluster, warnings []string, err error) {
	l := loader{folder: folder, stackName: stackName, project: settings[projectKey], encryptedKeys: encrypted}
	l.stack = decode(settings, &l.report)
	l.defaultVersions()
	l.checkStack()
	l.checkEncrypted()
	l.readBootstrapManifests()
	for i, region := range l.stack.Regions {
		l.region(i, region)
	}
	l.checkRegions()
	l.checkPoolZones()
	l.choosePrimary()
	l.checkAlarmEmails()
	l.checkLUKSKey()
	l.checkSchematic()
	if err := l.err(); err != nil {
		return nil, l.warnings, err
	}
	l.checkMachineConfigs()
	if err := l.err(); err != nil {
		return nil, l.warnings, err
	}
	for _, p := range l.targets {
		clusters = append(clusters, p.cluster)
	}
	return clusters, l.warnings, nil
}

// loader resolves one stack file.
type loader struct {
	report
	// folder of the stack file.
	folder    string
	stackName string
	project   string
	stack     Stack
	profile   profile
	targets   []target
	// unset are the versions that the stack file leaves out.
	unset []string
	// bootstrap are the manifests of the stack file.
	bootstrap []bootstrapManifest
	// encryptedKeys are the keys of settings that the stack file has encrypted: "inferadb:patches".
	encryptedKeys []string
}

// target is a region of the stack file that is being resolved to a cluster.
type target struct {
	path         string
	settings     RegionSettings
	region       regions.Region
	capabilities regions.Capabilities
	cluster      cluster.Cluster
}

// region resolves one item of the stack file's regions. Each step reports its mistakes, and the next step runs
// nevertheless.
func (l *loader) region(i int, settings RegionSettings) {
	path := fmt.Sprintf("regions[%d]", i)
	region, err := regions.LookupRegion(settings.Name)
	switch {
	case settings.Name == "":
		l.requireOneOf(join(path, "name"), "", regionNames())
		return
	case err != nil:
		l.reportUnknown(path, err)
		return
	}
	providerPath, name := "provider", l.stack.Provider
	if settings.Provider != "" {
		providerPath, name = join(path, "provider"), settings.Provider
	}
	provider, err := regions.LookupProvider(name)
	if err != nil {
		if name != "" {
			l.reportUnknown(providerPath, err)
		}
		return
	}
	p := target{path: path, settings: settings, region: region}
	p.capabilities, _ = regions.CapabilitiesOf(provider)
	if _, ok := region.Locations[provider]; !ok {
		l.Reject(
			providerPath,
			fmt.Sprintf("%s is not on %s", region.Name, p.capabilities.DisplayName),
			"choose another provider or region",
		)
		return
	}
	p.cluster = l.cluster(region, provider, settings)
	l.controlPlanes(&p)
	l.zones(&p)
	l.network(&p)
	l.openPorts(&p)
	l.endpoint(&p)
	l.encryption(&p)
	l.image(&p)
	l.pools(&p)
	l.manifests(&p)
	l.cloudController(&p)
	l.targets = append(l.targets, p)
}

// cluster returns the cluster of a region with the values of the stack file and the profile, before they are checked.
func (l *loader) cluster(region regions.Region, provider regions.Provider, settings RegionSettings) cluster.Cluster {
	c := cluster.Cluster{
		Name:              Namespace + "-" + l.stackName + "-" + region.Name,
		Stack:             l.stackName,
		Environment:       l.profile.name,
		Region:            region.Name,
		Provider:          provider,
		Project:           l.project,
		Location:          region.Locations[provider],
		Access:            cluster.Access(l.stack.Access),
		TalosVersion:      l.stack.TalosVersion,
		KubernetesVersion: l.stack.KubernetesVersion,
		Schematic:         cmp.Or(l.stack.Schematic, machineconfig.Schematic),
		Image:             settings.Image,
		CNI:               cluster.CNI(l.stack.CNI),
		Patches:           cluster.Patches(l.stack.Patches),
		AlarmEmails:       l.stack.AlarmEmails,
		Acknowledged:      l.stack.Acknowledge,
		Upgrade:           cluster.Upgrade(l.stack.Upgrade),
		UnsetVersions:     l.unset,
		NATPerZone:        l.profile.natPerZone, Protected: l.profile.protected, Hardened: l.profile.hardened,
	}
	if l.stack.Protection != nil {
		c.Protected = *l.stack.Protection
	}
	c.Tags = tagsOf(c, l.stack.Tags)
	return c
}

// reportUnknown reports a failed look-up in the region tables.
func (l *loader) reportUnknown(path string, err error) {
	if unknown, ok := err.(*regions.UnknownError); ok {
		l.Reject(
			path,
			fmt.Sprintf("there is no %s %q", unknown.What, unknown.Name),
			"choose one of "+strings.Join(unknown.Known, ", "),
		)
	}
}

func (l *loader) controlPlanes(p *target) {
	count, size := l.profile.controlPlanes, l.profile.controlPlaneSize
	if l.stack.ControlPlanes != nil {
		count = *l.stack.ControlPlanes
	}
	if l.stack.ControlPlaneSize != "" {
		size = l.stack.ControlPlaneSize
	}
	machine, ok := l.machine("controlPlaneSize", size, p)
	if !ok {
		return
	}
	p.cluster.ControlPlanes = cluster.ControlPlanes{Count: count, Size: size, Machine: machine,
		DiskGiB: controlPlaneDiskGiB}
}

func (l *loader) machine(path, size string, p *target) (regions.MachineType, bool) {
	found, err := regions.LookupSize(size)
	if err != nil {
		l.reportUnknown(path, err)
		return regions.MachineType{}, false
	}
	return found.Types[p.cluster.Provider], true
}

// zones narrows the location to the zones that the cluster uses. With fewer zones than control planes etcd may lose its
// majority with one zone: that is refused if the location has more zones.
func (l *loader) zones(p *target) {
	location, path := &p.cluster.Location, join(p.path, "zones")
	offered := len(location.Zones)
	if location.Warning != "" {
		l.warn("%s: %s", p.region.Name, location.Warning)
	}
	if p.settings.Zones == nil {
		return
	}
	if !p.capabilities.MultiZone {
		l.Reject(path, p.capabilities.DisplayName+" has no zones to choose from", "remove zones")
		return
	}
	if len(p.settings.Zones) == 0 {
		l.Reject(path, "names no zone", "name zones, or remove it")
		return
	}
	seen := map[string]bool{}
	for i, zone := range p.settings.Zones {
		at := fmt.Sprintf("%s[%d]", path, i)
		switch {
		case !isZoneOf(*location, zone):
			l.Reject(at, fmt.Sprintf("%q is not a zone of %s", zone, location.Region),
				"write zones like "+strings.Join(location.Zones, ", "))
		case seen[zone]:
			l.Reject(at, fmt.Sprintf("%s is named twice", zone), "name each zone once")
		}
		seen[zone] = true
	}
	if need := min(p.cluster.ControlPlanes.Count, 3, offered); len(seen) < need {
		l.Reject(
			path,
			fmt.Sprintf("%d zones cannot hold %d control planes apart", len(seen), p.cluster.ControlPlanes.Count),
			fmt.Sprintf("name at least %d zones of %s", need, location.Region),
		)
	}
	location.Zones = slices.Clone(p.settings.Zones)
}

// isZoneOf reports whether the name has the form of the location's own zones. The final letter may differ, because
// accounts have different zones.
func isZoneOf(location regions.Location, zone string) bool {
	return len(location.Zones) > 0 && len(zone) == len(location.Zones[0]) &&
		strings.HasPrefix(zone, location.Zones[0][:len(zone)-1]) && zone[len(zone)-1] >= 'a' && zone[len(zone)-1] <= 'f'
}

// choosePrimary marks exactly one cluster: the one that the stack file chooses, else the one in the primary region of
// the tables, else the first.
func (l *loader) choosePrimary() {
	chosen, rank := -1, 0
	for i, p := range l.targets {
		switch primary := p.settings.Primary; {
		case primary != nil && *primary && rank == 3:
			l.Reject(
				join(p.path, "primary"),
				l.targets[chosen].path+" is primary already",
				"set primary: true on one region only",
			)
		case primary != nil && *primary:
			chosen, rank = i, 3
		case primary == nil && p.region.Primary && rank < 2:
			chosen, rank = i, 2
		case primary == nil && rank < 1:
			chosen, rank = i, 1
		}
	}
	switch {
	case chosen >= 0:
		l.targets[chosen].cluster.Primary = true
	case len(l.targets) > 0:
		l.Reject(
			"regions",
			"primary is false for every region",
			"leave it out for one region, whose cluster is then the current one",
		)
	}
}

// cloudController refuses the setting on a cloud that cannot limit the permissions of a cloud controller to one
// cluster.
func (l *loader) cloudController(p *target) {
	if p.cluster.CloudController = l.stack.CloudController; p.cluster.CloudController &&
		!p.capabilities.CloudController {
		l.Reject(
			"cloudController",
			p.capabilities.DisplayName+" cannot limit the permissions of machines to this cluster",
			"remove it, switch cluster.externalCloudProvider on by patches.all, and bring a token or key of your "+
				"own among bootstrapManifests "+
				"(docs/next-steps.md#cloud-controller-managers-and-storage)",
		)
	}
}

func (l *loader) endpoint(p *target) {
	path, endpoint := "endpoint", l.stack.Endpoint
	if p.settings.Endpoint != "" {
		path, endpoint = join(p.path, "endpoint"), p.settings.Endpoint
	}
	if endpoint == "" {
		return
	}
	if problem := hostNameProblem(endpoint); problem != "" {
		l.Reject(
			path,
			strconv.Quote(endpoint)+" "+problem,
			"give a DNS name that you point at the load balancer, such as api.example.com",
		)
	}
	p.cluster.Endpoint = endpoint
}
