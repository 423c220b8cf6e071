package gcp

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/inferadb/infra/simulator/conditions"
	"github.com/inferadb/infra/simulator/schema"
	"github.com/inferadb/infra/simulator/store"
)

const instanceType = "gcp:compute/instance:Instance"

// https://cloud.google.com/compute/docs/metadata/setting-custom-metadata#limitations
const (
	metadataValueLimit = 256 << 10
	metadataLimit      = 512 << 10
)

func checkInstance(c *schema.Call) []schema.Problem {
	problems := labelProblems("bootDisk.initializeParams.labels",
		c.Inputs.Object("bootDisk").Object("initializeParams").Object("labels"))
	if !c.Inputs.Has("zone") {
		problems = append(problems, schema.Refuse("zone", "is required: the provider has no default zone")...)
	}
	return problems
}

// zones returns the letters of a region's zones: https://cloud.google.com/compute/docs/regions-zones
func zones(region string) []string {
	letters, known := map[string]string{"us-central1": "abcf", "us-east1": "bcd", "europe-west1": "bcd"}[region]
	if !known {
		letters = "abc"
	}
	var list []string
	for _, letter := range letters {
		list = append(list, region+"-"+string(letter))
	}
	return list
}

func checkZone(c *schema.Call, zone string) error {
	if !slices.Contains(zones(c.Region), zone) {
		return invalid("zone", zone, "Unknown zone; %s has %s", c.Region, strings.Join(zones(c.Region), ", "))
	}
	return nil
}

var machineTypes = regexp.MustCompile(
	`^((e2|n1|n2|n2d|n4|t2d|t2a|c2|c2d|c3|c3d|c4|c4a)-(standard|highmem|highcpu)-\d+|e2-(micro|small|medium))$`)

// architectureOf returns the architecture of a machine type.
func architectureOf(machine string) (string, error) {
	if !machineTypes.MatchString(machine) {
		return "", invalid("machineType", machine, "The referenced resource does not exist")
	}
	if strings.HasPrefix(machine, "t2a-") || strings.HasPrefix(machine, "c4a-") {
		return "arm64", nil
	}
	return "amd64", nil
}

// machine has the settings that an instance and a template share.
type machine struct {
	kind, image, key, account string
	sizeGiB                   int
	metadata, scheduling      store.Values
	secureBoot                bool
}

// checkMachine refuses what Compute Engine refuses of a machine, wherever it is described.
func checkMachine(c *schema.Call, m machine) error {
	image, err := findImage(c.Store, m.image)
	if err != nil {
		return err
	}
	architecture, err := architectureOf(m.kind)
	if err != nil {
		return err
	}
	if architecture != image.architecture {
		return invalid("machineType", m.kind, "The machine type's architecture %s does not match the image's, %s",
			architecture, image.architecture)
	}
	if m.sizeGiB != 0 && m.sizeGiB < imageGiB {
		return invalid("disks[0].initializeParams.diskSizeGb", fmt.Sprint(m.sizeGiB),
			"Requested disk size cannot be smaller than the image size (%d GB)", imageGiB)
	}
	if m.secureBoot {
		return invalid("shieldedInstanceConfig.enableSecureBoot", "true",
			"The image %s is not signed: the machine would not boot", image.name)
	}
	if err := checkAccount(c, m.account); err != nil {
		return err
	}
	if err := checkDiskKey(c, m.key); err != nil {
		return err
	}
	if err := checkScheduling(m.scheduling); err != nil {
		return err
	}
	return checkMetadata(m.metadata)
}

// checkScheduling checks the settings of spot machines: https://cloud.google.com/compute/docs/instances/create-use-spot
func checkScheduling(s store.Values) error {
	spot, action := s.String("provisioningModel") == "SPOT", s.String("instanceTerminationAction")
	restarts := !s.Has("automaticRestart") || s.Bool("automaticRestart")
	switch {
	case action != "" && !spot:
		return invalid("scheduling.instanceTerminationAction", action,
			"You cannot specify a termination action for a VM instance that has the standard provisioning model "+
				"(default). To use instance termination action, the VM instance must use the Spot or "+
				"Reservation-Bound provisioning model.")
	case (spot || s.Bool("preemptible")) && restarts:
		return invalid("scheduling.automaticRestart", "true",
			"Scheduling must have automaticRestart be false when preemptible is true.")
	case (spot || s.Bool("preemptible")) && s.String("onHostMaintenance") == "MIGRATE":
		return invalid("scheduling.onHostMaintenance", "MIGRATE",
			"Scheduling must have onHostMaintenance be TERMINATE when preemptible is true.")
	case spot != s.Bool("preemptible"):
		return invalid("scheduling.preemptible", fmt.Sprint(s.Bool("preemptible")),
			"Scheduling must have preemptible be true when the provisioning model is SPOT, and only then.")
	}
	return nil
}

func checkMetadata(metadata store.Values) error {
	total := 0
	for key := range metadata {
		value := metadata.String(key)
		total += len(key) + len(value)
		if len(value) > metadataValueLimit {
			return invalid("metadata.items", key, "Metadata value is too large: %d bytes, at most %d are allowed",
				len(value), metadataValueLimit)
		}
	}
	if total > metadataLimit {
		return invalid("metadata", "", "Metadata is too large: %d bytes, at most %d are allowed", total, metadataLimit)
	}
	return nil
}

// checkCPUs refuses a machine for which the project's quota has no room. The last number of a machine type is that of
// its processors; the small ones share two.
func checkCPUs(c *schema.Call) error {
	processors := func(machine string) int {
		number, err := strconv.Atoi(machine[strings.LastIndex(machine, "-")+1:])
		if err != nil {
			return 2
		}
		return number
	}
	used := processors(c.State.String("machineType"))
	for _, other := range c.Store.List(instanceType, "") {
		used += processors(other.State.String("machineType"))
	}
	if limit, exceeds := conditions.Exceeds("gcp-cpus", used); exceeds {
		return fmt.Errorf("Error 403: Quota 'CPUS_ALL_REGIONS' exceeded. Limit: %d.0 globally., quotaExceeded", limit)
	}
	return nil
}

func describe(state store.Values) machine {
	disk := state.Object("bootDisk")
	return machine{
		kind: state.String("machineType"), image: disk.Object("initializeParams").String("image"),
		sizeGiB: disk.Object("initializeParams").Int("size"),
		key:     withoutVersion(disk.String("kmsKeySelfLink")), account: state.Object("serviceAccount").String("email"),
		metadata:   state.Object("metadata"),
		scheduling: state.Object("scheduling"),
		secureBoot: state.Object("shieldedInstanceConfig").Bool("enableSecureBoot"),
	}
}

func withoutVersion(key string) string {
	name, _, _ := strings.Cut(key, "/cryptoKeyVersions/")
	return name
}

func createInstance(c *schema.Call) error {
	if err := checkZone(c, c.State.String("zone")); err != nil {
		return err
	}
	if err := create(c, "instances"); err != nil {
		return err
	}
	if zone := c.State.String("zone"); !conditions.InStock(zone, c.State.String("machineType")) {
		// https://cloud.google.com/compute/docs/troubleshooting/troubleshooting-vm-creation#resource_availability
		return fmt.Errorf("ZONE_RESOURCE_POOL_EXHAUSTED: The zone 'projects/%s/zones/%s' does not have enough "+
			"resources available to fulfill the request", Project, zone)
	}
	if err := checkCPUs(c); err != nil {
		return err
	}
	if err := checkMachine(c, describe(c.State)); err != nil {
		return err
	}
	if err := placeInstance(c, nil); err != nil {
		return err
	}
	launch(c, c.State)
	return nil
}

// launch fills in what every running machine has.
func launch(c *schema.Call, state store.Values) {
	state["instanceId"], state["currentStatus"] = digits(c, 19), "RUNNING"
	if !state.Has("scheduling") {
		state["scheduling"] = map[string]any{"provisioningModel": "STANDARD", "automaticRestart": true,
			"preemptible": false, "onHostMaintenance": "MIGRATE"}
	}
	disk := state.Object("bootDisk").Clone()
	if key := disk.String("kmsKeySelfLink"); key != "" {
		// The provider answers with the version that encrypted the disk.
		disk["kmsKeySelfLink"] = withoutVersion(key) + "/cryptoKeyVersions/1"
	}
	disk["deviceName"], disk["source"] = "persistent-disk-0", state.String("selfLink")+"-disk"
	state["bootDisk"] = map[string]any(disk)
}

// placeInstance gives the machine its network interface. An address that is reserved must not be another machine's.
func placeInstance(c *schema.Call, before *store.Resource) error {
	interfaces := c.State.Objects("networkInterfaces")
	if len(interfaces) != 1 {
		return invalid("networkInterfaces", "", "The simulated machines have one network interface, got %d",
			len(interfaces))
	}
	nic := interfaces[0].Clone()
	subnetwork, err := find(c, subnetworkType, nic.String("subnetwork"))
	if err != nil {
		return err
	}
	address := nic.String("networkIp")
	if before != nil && (address == "" || address == interfaceOf(before).privateIP) {
		address = interfaceOf(before).privateIP
	} else if address, err = claim(c, subnetwork, address); err != nil {
		return err
	}
	nic["networkIp"], nic["name"], nic["subnetwork"] = address, "nic0", api+subnetwork.ID
	nic["network"], nic["subnetworkProject"] = subnetwork.State.String("network"), Project
	var configs []any
	for _, config := range nic.Objects("accessConfigs") {
		config = config.Clone()
		if config.String("natIp") == "" {
			config["natIp"] = fmt.Sprintf("198.51.100.%d", c.Store.Count("public addresses of gcp")%250+1)
		}
		configs = append(configs, map[string]any(config))
	}
	if configs != nil {
		nic["accessConfigs"] = configs
	}
	c.State["networkInterfaces"] = []any{map[string]any(nic)}
	return nil
}

// claim takes a free address, or one that is reserved and that no machine has.
func claim(c *schema.Call, subnetwork *store.Resource, address string) (string, error) {
	reserved := c.Store.Find(addressType, c.Region, func(r *store.Resource) bool {
		return address != "" && r.State.String("address") == address &&
			same(r.State.String("subnetwork"), subnetwork.ID)
	})
	if reserved == nil {
		return freeAddress(c.Store, subnetwork, address)
	}
	for _, other := range c.Store.List(instanceType, c.Region) {
		if other.ID != c.ID && interfaceOf(other).privateIP == address {
			return "", fmt.Errorf("Error 400: IP '%s' is already being used by another resource, "+
				"IP_IN_USE_BY_ANOTHER_RESOURCE (%s)", address, other.ID)
		}
	}
	return address, nil
}

// stopping are the inputs that change on a stopped machine only.
// https://github.com/hashicorp/terraform-provider-google-beta/blob/v5.42.0/google-beta/services/compute/resource_compute_instance.go.erb
var stopping = []string{"machineType", "serviceAccount", "shieldedInstanceConfig"}

func updateInstance(c *schema.Call) error {
	for _, name := range stopping {
		if fmt.Sprint(c.Old[name]) != fmt.Sprint(c.Inputs[name]) && !c.Inputs.Bool("allowStoppingForUpdate") {
			return fmt.Errorf("Changing the machine_type, min_cpu_platform, service_account, enable_display, "+
				"shielded_instance_config, scheduling.node_affinities or "+
				"network_interface.[#d].(network/subnetwork/subnetwork_project) or advanced_machine_features "+
				"on a started instance requires stopping it. To acknowledge this, please set "+
				"allow_stopping_for_update = true in your config (%s)", name)
		}
	}
	before := c.Store.Get(instanceType, c.Region, c.ID)
	if err := checkMachine(c, describe(c.State)); err != nil {
		return err
	}
	if err := placeInstance(c, before); err != nil {
		return err
	}
	number := before.State["instanceId"]
	launch(c, c.State)
	c.State["instanceId"] = number
	label(c.State, c.Type.Fields)
	return nil
}

// deleteInstance takes the machine out of its groups. The provider does not lift the protection by itself, and looks
// for it in its state: one that was lifted by hand counts only after a refresh.
// https://github.com/hashicorp/terraform-provider-google-beta/blob/v5.42.0/google-beta/services/compute/resource_compute_instance.go
func deleteInstance(c *schema.Call) error {
	if c.Old.Bool("deletionProtection") {
		return fmt.Errorf("Cannot delete instance %s: instance Deletion Protection is enabled. Set "+
			"deletion_protection to false for this resource and run \"terraform apply\" before attempting to "+
			"delete it", c.State.String("name"))
	}
	if c.State.Bool("deletionProtection") {
		return fmt.Errorf("Error 412: Resource cannot be deleted if it's protected against deletion. (%s)", c.ID)
	}
	leaveGroups(c.Store, c.Region, c.ID)
	return nil
}

func leaveGroups(st *store.Store, region, machine string) {
	for _, membership := range st.List(membershipType, region) {
		if same(membership.State.String("instance"), machine) {
			st.Remove(membership)
		}
	}
}

// nic is a machine's place in its network.
type nic struct{ network, subnetwork, privateIP, publicIP string }

func interfaceOf(machine *store.Resource) nic {
	interfaces := machine.State.Objects("networkInterfaces")
	if len(interfaces) == 0 {
		return nic{}
	}
	place := nic{
		network: path(interfaces[0].String("network")), subnetwork: path(interfaces[0].String("subnetwork")),
		privateIP: interfaces[0].String("networkIp"),
	}
	if configs := interfaces[0].Objects("accessConfigs"); len(configs) > 0 {
		place.publicIP = configs[0].String("natIp")
	}
	return place
}
