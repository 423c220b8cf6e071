package talos

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Memory is where the machines' disks are kept between two operations: the store, beside the clouds' resources.
type Memory interface {
	Talos(key string) json.RawMessage
	TalosKeys() []string
	SetTalos(key string, value json.RawMessage)
}

// disk is a machine's STATE partition.
type disk struct {
	// Config is the running configuration. Talos reads user data at the first boot only; from then on this counts.
	Config string `json:"config"`
	// Started is when the cloud began to make the machine.
	Started time.Time `json:"started,omitzero"`
	// Staged waits for the next reboot.
	Staged string `json:"staged,omitempty"`
	// Talos is the version that is installed.
	Talos string `json:"talos,omitempty"`
	// Pulled means that the machine once had its time and its images from the internet.
	Pulled bool `json:"pulled,omitempty"`
	// Etcd names the etcd cluster whose data the machine has; empty without data.
	Etcd string `json:"etcd,omitempty"`
	// Left means that the machine left etcd on request. It joins again at its next boot.
	Left bool `json:"left,omitempty"`
	// Wiped means that the whole system disk was wiped: there is nothing left to boot.
	Wiped bool `json:"wiped,omitempty"`
	// Off means that the machine was shut down from within.
	Off bool `json:"off,omitempty"`
	// Boots counts the boots after the first one.
	Boots int `json:"boots,omitempty"`
	// Schematic is that of the image that runs.
	Schematic string `json:"schematic,omitempty"`
	// Installed is a version of Talos that runs from the next boot on, of an image with a schematic.
	Installed          string `json:"installed,omitempty"`
	InstalledSchematic string `json:"installedSchematic,omitempty"`
	// Images are the references that the machine has pulled.
	Images []string `json:"images,omitempty"`
	// Rebooting means that the machine is between two boots, Hung that it does not answer any more.
	Rebooting bool `json:"rebooting,omitempty"`
	Hung      bool `json:"hung,omitempty"`
	// EtcdDown means that the machine's etcd is kept from running.
	EtcdDown bool `json:"etcdDown,omitempty"`
}

// boot applies what a boot changes: staged and installed configuration is in effect from now on.
func (d *disk) boot() {
	d.Boots++
	d.Left, d.Rebooting, d.Hung = false, false, false
	if d.Staged != "" {
		d.Config, d.Staged = d.Staged, ""
	}
	if d.Installed != "" {
		d.Talos, d.Schematic, d.Installed, d.InstalledSchematic = d.Installed, d.InstalledSchematic, "", ""
	}
}

// etcd is the etcd of a cluster.
type etcd struct {
	// Name is another one after each bootstrap: data of an earlier etcd is of no use in a later one.
	Name string `json:"name"`
	// Members is the member list. A deleted machine stays on it until its member is removed.
	Members []member `json:"members"`
	// Serial counts the bootstraps and the members that there ever were.
	Serial int `json:"serial"`
	// Objects are what the control planes have created in Kubernetes, in order.
	Objects []Object `json:"objects,omitempty"`
	// Created are the digests of the configurations' manifests that have been created completely.
	Created []string `json:"created,omitempty"`
}

// member is an entry of etcd's member list.
type member struct {
	// ID is what talosctl shows: 16 hexadecimal digits.
	ID      string `json:"id"`
	Machine string `json:"machine"`
	Name    string `json:"name"`
	Address string `json:"address"`
	// Real means that a running etcd has the member, under this id.
	Real bool `json:"real,omitempty"`
}

const (
	disks = "disk/"
	etcds = "etcd/"
)

// recall reads what is kept under prefix+id: nil if nothing is.
func recall[T any](m Memory, prefix, id string) (*T, error) {
	text := m.Talos(prefix + id)
	if text == nil {
		return nil, nil
	}
	value := new(T)
	if err := json.Unmarshal(text, value); err != nil {
		return nil, fmt.Errorf("store: %s%s: %w", prefix, id, err)
	}
	return value, nil
}

// keep writes value under prefix+id.
func keep(m Memory, prefix, id string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("store: %s%s: %w", prefix, id, err)
	}
	m.SetTalos(prefix+id, text)
	return nil
}

// kept lists the ids under a prefix.
func kept(m Memory, prefix string) []string {
	var ids []string
	for _, key := range m.TalosKeys() {
		if id, ok := strings.CutPrefix(key, prefix); ok {
			ids = append(ids, id)
		}
	}
	return ids
}
