package talos

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/inferadb/infra/simulator/network"
	"github.com/siderolabs/talos/pkg/machinery/config"
	"k8s.io/client-go/tools/clientcmd"
)

// View is one look at all machines and clusters, for a program that serves the nodes' APIs. It belongs to the store's
// lock; what it returns may be kept.
type View struct{ clusters *clusters }

// Look observes the machines. They do what they do by themselves first: boot, join etcd, be forgotten.
func Look(clouds network.Network, memory Memory) (*View, error) {
	c, err := observe(clouds, memory)
	if err != nil {
		return nil, err
	}
	for _, id := range kept(memory, faults) {
		if c.find(id) == nil {
			memory.SetTalos(faults+id, nil)
		}
	}
	return &View{clusters: c}, nil
}

// Node is a machine that has a configuration, as its APIs show it.
type Node struct {
	network.Machine
	// Cluster is the id of the node's cluster, ClusterName its name.
	Cluster, ClusterName string
	ControlPlane         bool
	// Up reports whether the machine runs and answers.
	Up bool
	// Rebooting reports whether the machine is between two boots.
	Rebooting bool
	// Boots counts the machine's boots; BootID is the kernel's id of the present one.
	Boots  int
	BootID string
	// Talos is the version that runs, Installed one that waits for the next boot. Schematic is that of the image that
	// runs; empty for an image that is not the Image Factory's.
	Talos, Installed, Schematic string
	Config                      config.Provider
	Document                    string
	// EtcdData names the etcd cluster whose data the machine has, EtcdDown means that its etcd must not run.
	EtcdData string
	EtcdDown bool
	// Joined is why the node does no work in Kubernetes; empty if it does. NetworkReady means that pods get addresses.
	Joined       string
	NetworkReady bool
	// Images are the references that were pulled.
	Images []string
	Faults Faults
}

// Nodes returns every machine that has a configuration, in the network's order.
func (v *View) Nodes() []Node {
	var nodes []Node
	for _, n := range v.clusters.nodes {
		if n.config == nil || n.disk == nil || n.disk.Wiped {
			continue
		}
		seen := Node{
			Machine: n.Machine, Cluster: n.clusterID(), ClusterName: v.clusters.name(n),
			ControlPlane: n.config.Machine().Type().IsControlPlane(), Up: n.booted() && !n.Off,
			Rebooting: n.disk.Rebooting,
			Boots:     n.disk.Boots, BootID: bootID(n.ID, n.disk.Boots), Talos: n.disk.Talos,
			Installed: n.disk.Installed,
			Schematic: n.disk.Schematic,
			Config:    n.config, Document: n.disk.Config, EtcdData: n.disk.Etcd, EtcdDown: n.disk.EtcdDown,
			NetworkReady: v.clusters.networkPlugin(n.clusterID()) != "", Images: n.disk.Images,
			Faults: faultsOf(v.clusters.memory, n.ID),
		}
		if err := v.clusters.joined(n); err != nil {
			seen.Joined = err.Error()
		}
		nodes = append(nodes, seen)
	}
	return nodes
}

// bootID returns what the kernel would draw at a boot: another one each time.
func bootID(machine string, boots int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "boot %s %d", machine, boots))
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

// Etcd is a cluster's etcd as the store has it.
type Etcd struct {
	// Name is another one after each bootstrap.
	Name    string
	Members []EtcdMember
	Objects []Object
}

// EtcdMember is an entry of the member list.
type EtcdMember struct {
	ID, Machine, Name, Address string
	// Real means that a running etcd has the member, under this id.
	Real bool
}

// Etcds returns the bootstrapped clusters by id.
func (v *View) Etcds() map[string]Etcd {
	all := map[string]Etcd{}
	for id, known := range v.clusters.etcd {
		seen := Etcd{Name: known.Name, Objects: slices.Clone(known.Objects)}
		for _, m := range known.Members {
			seen.Members = append(seen.Members, EtcdMember(m))
		}
		all[id] = seen
	}
	return all
}

// SetMembers replaces a cluster's member list by the list of its real etcd. It does nothing if the etcd is not the
// named one.
func SetMembers(memory Memory, cluster, name string, members []EtcdMember) error {
	known, err := recall[etcd](memory, etcds, cluster)
	if err != nil || known == nil || known.Name != name {
		return err
	}
	known.Members = nil
	for _, m := range members {
		known.Members = append(known.Members, member(m))
	}
	return keep(memory, etcds, cluster, known)
}

// changeDisk edits what a machine remembers.
func changeDisk(memory Memory, machine string, edit func(*disk) error) error {
	saved, err := recall[disk](memory, disks, machine)
	if err != nil {
		return err
	}
	if saved == nil {
		return fmt.Errorf("the machine %s has not booted", machine)
	}
	if err := edit(saved); err != nil {
		return err
	}
	return keep(memory, disks, machine, saved)
}

// BeginReboot marks a machine as between two boots: until FinishReboot it does not answer.
func BeginReboot(memory Memory, machine string) error {
	return changeDisk(memory, machine, func(d *disk) error {
		d.Rebooting = true
		return nil
	})
}

// FinishReboot boots a machine again. Faults that wait for a boot take effect now.
func FinishReboot(memory Memory, machine string) error {
	waiting := faultsOf(memory, machine)
	hasFault := func(kind string) bool {
		_, found := waiting[kind]
		delete(waiting, kind)
		return found
	}
	err := changeDisk(memory, machine, func(d *disk) error {
		if hasFault(FaultOldVersion) {
			d.Installed, d.InstalledSchematic = "", ""
		}
		if hasFault(FaultLoseEtcd) {
			d.Etcd = ""
		}
		d.boot()
		d.Hung = hasFault(FaultNoReturn)
		return nil
	})
	return errors.Join(err, saveFaults(memory, machine, waiting))
}

// Install puts an installer image's version on a machine's disk; it runs from the next boot on.
func Install(memory Memory, machine, image string) error {
	return changeDisk(memory, machine, func(d *disk) error {
		d.Installed, d.InstalledSchematic = image[strings.LastIndex(image, ":")+1:], schematicOf(image)
		return nil
	})
}

// Pulled remembers an image that a machine has pulled.
func Pulled(memory Memory, machine, image string) error {
	return changeDisk(memory, machine, func(d *disk) error {
		if !slices.Contains(d.Images, image) {
			d.Images = append(d.Images, image)
		}
		return nil
	})
}

// Apply gives a machine a configuration in one of the modes of the Talos API (auto, no_reboot, reboot, staged), and
// returns the mode that was used. With auto, a change that needs a reboot gives reboot, and the caller reboots the
// machine.
func Apply(memory Memory, machine, document, mode string, dryRun bool) (used string, err error) {
	changed, err := load([]byte(document))
	if err != nil {
		return "", err
	}
	err = changeDisk(memory, machine, func(d *disk) error {
		current, err := load([]byte(d.Config))
		if err != nil {
			return err
		}
		needsReboot := immediate(current, changed)
		switch {
		case mode == "no_reboot" && needsReboot != nil:
			return needsReboot
		case mode == "auto" && needsReboot != nil:
			mode = "reboot"
		case mode == "auto":
			mode = "no_reboot"
		}
		switch {
		case dryRun:
		case mode == "no_reboot":
			d.Config, d.Staged = document, ""
		default:
			d.Staged = document
		}
		return nil
	})
	return mode, err
}

// Leave empties a machine's etcd after its member has left. It joins again at its next boot.
func Leave(memory Memory, machine string) error {
	return changeDisk(memory, machine, func(d *disk) error {
		d.Etcd, d.Left = "", true
		return nil
	})
}

// Wipe does to a machine's disk what a reset does. The caller leaves etcd before, and reboots the machine after it.
func Wipe(memory Memory, machine string, options ResetOptions) error {
	return changeDisk(memory, machine, func(d *disk) error {
		if len(options.Labels) == 0 || slices.Contains(options.Labels, "EPHEMERAL") {
			d.Etcd = ""
		}
		if len(options.Labels) == 0 {
			d.Wiped, d.Config = true, ""
		}
		d.Off = !options.Reboot
		return nil
	})
}

// Halt switches a machine off from within.
func Halt(memory Memory, machine string) error {
	return changeDisk(memory, machine, func(d *disk) error {
		d.Off = true
		return nil
	})
}

// Bootstrap starts a cluster's etcd on a machine, under the same conditions as the Talos API. etcd's data is the
// caller's.
func Bootstrap(clouds network.Network, memory Memory, machine string) error {
	c, err := observe(clouds, memory)
	if err != nil {
		return err
	}
	n := c.find(machine)
	if n == nil || !n.booted() {
		return fmt.Errorf("the machine %s does not run", machine)
	}
	return c.bootstrap(n)
}

// OperatorReaches returns the machines that answer the operator at host:port, or why none does.
func OperatorReaches(clouds network.Network, host string, port int) ([]network.Machine, error) {
	return clouds.Dial(nil, host, port)
}

// Forwards returns why a control plane's apid does not get to another node's.
func (v *View) Forwards(from, to string) error {
	sender, target := v.clusters.find(from), v.clusters.find(to)
	if sender == nil || target == nil {
		return errors.New("no such machine")
	}
	return v.clusters.reach(sender, target, talosPort)
}

// The faults that a machine can be given. Those up to FaultLoseEtcd wait for its next boot.
const (
	// FaultNoReturn: the machine does not come back.
	FaultNoReturn = "no-return"
	// FaultOldVersion: the boot loader falls back to the system that ran before.
	FaultOldVersion = "old-version"
	// FaultLoseEtcd: etcd's data is gone.
	FaultLoseEtcd = "lose-etcd"
	// FaultUnreachable: the machine hangs, from now on.
	FaultUnreachable = "unreachable"
	// FaultEtcdDown: etcd does not run, from now on.
	FaultEtcdDown = "etcd-down"
	// FaultRemoveMember removes the machine's member.
	FaultRemoveMember = "remove-member"
	// FaultNoSpace: the member raises the NOSPACE alarm.
	FaultNoSpace = "nospace"
	// FaultSlowDrain: pods take the given time to end.
	FaultSlowDrain = "slow-drain"
	// FaultCut: the connection breaks after the node has taken an upgrade, which goes on.
	FaultCut = "cut"
	// FaultCutBefore: the connection breaks before the node has taken an upgrade, and nothing happens.
	FaultCutBefore = "cut-before"
	// FaultNoImage: the machine cannot pull images.
	FaultNoImage = "no-image"
	// FaultNotReady: the kubelet reports the node as not ready.
	FaultNotReady = "not-ready"
	// FaultAPIDown: the machine's API server does not run.
	FaultAPIDown = "api-down"
	// FaultClock: the machine's clock is ahead by the given time.
	FaultClock = "clock"
	// FaultDeprecatedAPI uses an API that the given release of Kubernetes removes.
	FaultDeprecatedAPI = "deprecated-api"
)

// FaultKinds are all the faults, and what each does.
var FaultKinds = map[string]string{
	FaultNoReturn:     "it does not boot again after its next reboot or upgrade",
	FaultOldVersion:   "it boots its old version after its next upgrade",
	FaultLoseEtcd:     "it loses its etcd data at the next boot",
	FaultUnreachable:  "it hangs",
	FaultEtcdDown:     "its etcd does not run",
	FaultRemoveMember: "its member is removed from etcd",
	FaultNoSpace:      "its member raises the alarm NOSPACE",
	FaultSlowDrain:    "its pods end slowly: slow-drain=30s",
	FaultCut:          "the connection breaks after it has accepted the next upgrade",
	FaultCutBefore:    "the connection breaks before it has accepted the next upgrade",
	FaultNoImage:      "it pulls no image",
	FaultNotReady:     "its kubelet reports NotReady",
	FaultAPIDown:      "its API server does not run",
	FaultClock:        "its clock is ahead: clock=5m",

	FaultDeprecatedAPI: "a client asks its API server for what a release of Kubernetes removes: deprecated-api=1.37",
}

// Faults are a machine's faults: kind to argument.
type Faults map[string]string

// Has reports whether a fault is set.
func (f Faults) Has(kind string) bool {
	_, has := f[kind]
	return has
}

const faults = "fault/"

func faultsOf(memory Memory, machine string) Faults {
	saved, err := recall[Faults](memory, faults, machine)
	if err != nil || saved == nil {
		return Faults{}
	}
	return *saved
}

func saveFaults(memory Memory, machine string, all Faults) error {
	if len(all) == 0 {
		memory.SetTalos(faults+machine, nil)
		return nil
	}
	return keep(memory, faults, machine, all)
}

// SetFault gives a machine, by name or id, a fault such as no-return or slow-drain=30s. The word none takes all away.
func SetFault(clouds network.Network, memory Memory, machine, fault string) error {
	c, err := observe(clouds, memory)
	if err != nil {
		return err
	}
	n, err := c.named(machine)
	if err != nil {
		return err
	}
	kind, argument, _ := strings.Cut(fault, "=")
	if fault != "none" && FaultKinds[kind] == "" {
		return fmt.Errorf("%q is not a fault; use one of none, %s", kind,
			strings.Join(slices.Sorted(maps.Keys(FaultKinds)), ", "))
	}
	all := faultsOf(memory, n.ID)
	all[kind] = argument
	if fault == "none" {
		all = Faults{}
	}
	if n.disk != nil {
		n.disk.Hung = all.Has(FaultUnreachable) || n.disk.Hung && fault != "none"
		n.disk.EtcdDown = all.Has(FaultEtcdDown)
		if err := c.saveDisk(n); err != nil {
			return err
		}
	}
	return saveFaults(memory, n.ID, all)
}

// ClearFault removes a fault that has taken effect.
func ClearFault(memory Memory, machine, kind string) error {
	all := faultsOf(memory, machine)
	delete(all, kind)
	return saveFaults(memory, machine, all)
}

// Kubeconfig returns what Talos gives an administrator for a cluster.
func Kubeconfig(config config.Provider) ([]byte, error) {
	admin, err := administrator(config.Cluster())
	if err != nil {
		return nil, err
	}
	return clientcmd.Write(*admin)
}
