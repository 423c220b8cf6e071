package aws

import (
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/inferadb/infra/simulator/schema"
	"github.com/inferadb/infra/simulator/store"
)

// The types of machines.
const (
	instanceType  = "aws:ec2/instance:Instance"
	interfaceType = "aws:ec2/networkInterface:NetworkInterface"
)

// Keys of a state that only the store knows; the provider does not hand them out.
const (
	// addressesKey holds the private addresses of what has several.
	addressesKey = "__addresses"
	// interfaceKey is the network interface that a machine was given.
	interfaceKey = "__interface"
	// userDataKey is what the machine reads, in base64.
	userDataKey = "__userData"
)

// userDataLimit is in bytes, before base64: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html
const userDataLimit = 16384

func createInterface(c *schema.Call) error {
	subnet, err := find(c, subnetType, c.State.String("subnetId"), "InvalidSubnetID.NotFound", "subnet ID")
	if err != nil {
		return err
	}
	if c.State["privateIp"], err = freeAddress(c.Store, subnet, c.State.String("privateIp")); err != nil {
		return err
	}
	c.State["privateIps"] = store.List(c.State.String("privateIp"))
	if len(c.State.Strings("securityGroups")) == 0 {
		vpc := c.Store.Get(vpcType, c.Region, subnet.State.String("vpcId"))
		c.State["securityGroups"] = store.List(vpc.State.String("defaultSecurityGroupId"))
	}
	return checkInterface(c)
}

func checkInterface(c *schema.Call) error {
	return checkGroups(c, c.State.Strings("securityGroups"), vpcOfSubnet(c.Store, c.Region, c.State.String("subnetId")))
}

func deleteInterface(c *schema.Call) error {
	if left := users(c, interfaceKey, c.ID, instanceType); len(left) > 0 {
		return fmt.Errorf("InvalidParameterValue: Network interface '%s' is currently in use: %s", c.ID, names(left))
	}
	return nil
}

// privateName returns the host name of a private address.
func privateName(region, address string) string {
	domain := region + ".compute.internal"
	if region == "us-east-1" {
		domain = "ec2.internal"
	}
	return "ip-" + strings.ReplaceAll(address, ".", "-") + "." + domain
}

func checkInstance(c *schema.Call) []schema.Problem {
	var problems []schema.Problem
	refuse := func(property, reason string) {
		problems = append(problems, schema.Problem{Property: property, Reason: reason})
	}
	for _, name := range []string{"ami", "instanceType"} {
		if !c.Inputs.Has(name) {
			refuse(name, "is required: an instance without a launch template needs it")
		}
	}
	if c.Inputs.Known("userDataBase64") {
		if _, err := base64.StdEncoding.DecodeString(c.Inputs.String("userDataBase64")); err != nil {
			refuse("userDataBase64", "must be base64-encoded")
		}
	}
	return problems
}

// replaceForUserData follows the provider: changed user data stops and starts the machine, unless it is set to replace
// it.
func replaceForUserData(c *schema.Call, changed []string) []string {
	if c.Inputs.Bool("userDataReplaceOnChange") &&
		(slices.Contains(changed, "userData") || slices.Contains(changed, "userDataBase64")) {
		return []string{"userData", "userDataBase64"}
	}
	return nil
}

func createInstance(c *schema.Call) error {
	image, err := findImage(c.Region, c.State.String("ami"))
	if err != nil {
		return err
	}
	if err := image.fits(c.State.String("instanceType")); err != nil {
		return err
	}
	if err := placeInstance(c); err != nil {
		return err
	}
	spot := c.State.Object("instanceMarketOptions").String("marketType") == "spot"
	if err := buyable(c.Store, c.Region, c.State.String("availabilityZone"), c.State.String("instanceType"),
		spot); err != nil {
		return err
	}
	launch(c.Store, c.Region, c.ID, c.URN, c.State)
	return updateInstance(c)
}

// deleteInstance ends a machine. Protection against termination does not stop the provider, which lifts it first:
// https://github.com/hashicorp/terraform-provider-aws/blob/v5.100.0/internal/service/ec2/ec2_instance.go
func deleteInstance(c *schema.Call) error {
	if machine := c.Store.Get(instanceType, c.Region, c.ID); machine != nil {
		deregister(c.Store, machine)
	}
	return nil
}

// deregister takes a machine out of the target groups, as AWS does when it ends.
func deregister(st *store.Store, machine *store.Resource) {
	for _, attachment := range st.List(attachmentType, machine.Region) {
		if attachment.State.String("targetId") == machine.ID {
			st.Remove(attachment)
		}
	}
}

// placeInstance gives the machine its network: an interface that there is, or one of its own in a subnet.
func placeInstance(c *schema.Call) error {
	if interfaces := c.State.Objects("networkInterfaces"); len(interfaces) > 0 {
		nic, err := find(c, interfaceType, interfaces[0].String("networkInterfaceId"),
			"InvalidNetworkInterfaceID.NotFound", "networkInterface ID")
		if err != nil {
			return err
		}
		if left := users(c, interfaceKey, nic.ID, instanceType); len(left) > 0 {
			return fmt.Errorf("InvalidNetworkInterface.InUse: Interface: [%s] in use: %s", nic.ID, names(left))
		}
		c.State[interfaceKey], c.State["primaryNetworkInterfaceId"] = nic.ID, nic.ID
		c.State["subnetId"], c.State["privateIp"] = nic.State.String("subnetId"), nic.State.String("privateIp")
		c.State["vpcSecurityGroupIds"] = nic.State["securityGroups"]
		return checkZone(c)
	}
	subnet, err := find(c, subnetType, c.State.String("subnetId"), "InvalidSubnetID.NotFound", "subnet ID")
	if err != nil {
		return err
	}
	if c.State["privateIp"], err = freeAddress(c.Store, subnet, c.State.String("privateIp")); err != nil {
		return err
	}
	c.State["primaryNetworkInterfaceId"] = "eni-" + c.Store.Hash(c.URN+" interface", 17)
	if c.State.Bool("associatePublicIpAddress") || !c.State.Has("associatePublicIpAddress") &&
		subnet.State.Bool("mapPublicIpOnLaunch") {
		c.State["associatePublicIpAddress"], c.State["publicIp"] = true, publicAddress(c.Store)
	} else {
		c.State["associatePublicIpAddress"], c.State["publicIp"] = false, ""
	}
	return checkZone(c)
}

func checkZone(c *schema.Call) error {
	subnet, err := find(c, subnetType, c.State.String("subnetId"), "InvalidSubnetID.NotFound", "subnet ID")
	if err != nil {
		return err
	}
	zone := subnet.State.String("availabilityZone")
	if wanted := c.Inputs.String("availabilityZone"); wanted != "" && wanted != zone {
		return fmt.Errorf("InvalidParameterValue: Value (%s) for parameter availabilityZone is invalid: the subnet "+
			"%s is in %s", wanted, subnet.ID, zone)
	}
	c.State["availabilityZone"] = zone
	return nil
}

// launch fills in what every running machine has.
func launch(st *store.Store, region, id, seed string, state store.Values) {
	state["arn"], state["instanceState"] = arn("ec2", region, "instance/"+id), "running"
	state["privateDns"] = privateName(region, state.String("privateIp"))
	if !state.Has("instanceLifecycle") {
		state["instanceLifecycle"] = ""
		if state.Object("instanceMarketOptions").String("marketType") == "spot" {
			state["instanceLifecycle"] = "spot"
		}
	}
	if state.String("publicIp") == "" {
		state["publicIp"] = ""
	}
	root := state.Object("rootBlockDevice").Clone()
	root["deviceName"], root["volumeId"] = rootDevice, "vol-"+st.Hash(seed+" root", 17)
	for name, value := range map[string]any{"volumeType": "gp2", "volumeSize": float64(imageGiB), "encrypted": false,
		"deleteOnTermination": true} {
		if !root.Has(name) {
			root[name] = value
		}
	}
	state["rootBlockDevice"] = map[string]any(root)
	options := state.Object("metadataOptions").Clone()
	for name, value := range map[string]any{"httpEndpoint": "enabled", "httpTokens": "required",
		"httpPutResponseHopLimit": 2.0, "instanceMetadataTags": "disabled"} {
		if !options.Has(name) {
			options[name] = value
		}
	}
	state["metadataOptions"] = map[string]any(options)
}

// updateInstance checks what may change in place; the machine stops and starts where it must.
func updateInstance(c *schema.Call) error {
	subnet := c.State.String("subnetId")
	if err := checkGroups(c, c.State.Strings("vpcSecurityGroupIds"),
		vpcOfSubnet(c.Store, c.Region, subnet)); err != nil {
		return err
	}
	if err := checkProfile(c, c.State.String("iamInstanceProfile")); err != nil {
		return err
	}
	image, err := findImage(c.Region, c.State.String("ami"))
	if err != nil {
		return err
	}
	if err := image.fits(c.State.String("instanceType")); err != nil {
		return err
	}
	root := c.Inputs.Object("rootBlockDevice")
	if size := root.Int("volumeSize"); size != 0 && size < imageGiB {
		return fmt.Errorf("InvalidBlockDeviceMapping: Volume of size %dGB is smaller than snapshot 'snap-%s', "+
			"expect size >= %dGB", size, image.id[4:], imageGiB)
	}
	if err := checkDiskKey(c, root.String("kmsKeyId"), root.Bool("encrypted")); err != nil {
		return err
	}
	return setUserData(c)
}

func setUserData(c *schema.Call) error {
	encoded := c.Inputs.String("userDataBase64")
	if text := c.Inputs.String("userData"); text != "" {
		encoded = base64.StdEncoding.EncodeToString([]byte(text))
		// The provider keeps a hash in the state, not the text:
		// https://github.com/hashicorp/terraform-provider-aws/blob/v5.100.0/internal/service/ec2/ec2_instance.go
		sum := sha1.Sum([]byte(text))
		c.State["userData"] = hex.EncodeToString(sum[:])
	}
	if err := checkUserData(encoded); err != nil {
		return err
	}
	c.State[userDataKey] = encoded
	return nil
}

func checkUserData(encoded string) error {
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return fmt.Errorf("InvalidUserData.Malformed: Invalid BASE64 encoding of user data")
	}
	if len(raw) > userDataLimit {
		return fmt.Errorf("InvalidParameterValue: User data is limited to %d bytes, got %d", userDataLimit, len(raw))
	}
	return nil
}

// nic is a machine's place in its network.
type nic struct {
	vpc, subnet, privateIP, publicIP string
	groups                           []string
}

// interfaceOf returns a machine's interface: the one that it was given, which may have changed since, or its
// own.
func interfaceOf(st *store.Store, machine *store.Resource) nic {
	state, groups := machine.State, machine.State.Strings("vpcSecurityGroupIds")
	given := st.Get(interfaceType, machine.Region, machine.State.String(interfaceKey))
	if given != nil {
		state, groups = given.State, given.State.Strings("securityGroups")
	}
	place := nic{subnet: state.String("subnetId"), privateIP: state.String("privateIp"),
		publicIP: machine.State.String("publicIp"), groups: groups}
	place.vpc = vpcOfSubnet(st, machine.Region, place.subnet)
	address := st.Find(addressType, machine.Region, func(r *store.Resource) bool {
		return given != nil && r.State.String("networkInterface") == given.ID
	})
	if address != nil {
		place.publicIP = address.State.String("publicIp")
	}
	if vpc := st.Get(vpcType, machine.Region, place.vpc); len(place.groups) == 0 && vpc != nil {
		place.groups = []string{vpc.State.String("defaultSecurityGroupId")}
	}
	return place
}
