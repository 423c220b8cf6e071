package talos

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Memory is where the machines' disks are kept between two operations: the world, beside the clouds' resources.
type Memory interface {
	Talos(key string) json.RawMessage
	TalosKeys() []string
	SetTalos(key string, value json.RawMessage)
}

// disk is a machine's STATE partition.
type disk struct {
	// Config is the running configuration. Talos reads user data at the first boot only; from then on this counts.
	Config string `json:"config"`
	// Staged waits for the next reboot.
	Staged string `json:"staged,omitempty"`
}

// etcd is a cluster's member list, by machine id. A machine that is deleted stays on it, as in life: nobody told etcd.
type etcd struct {
	Members []string `json:"members"`
	// Objects are what the control planes have created in Kubernetes, in order.
	Objects []Object `json:"objects,omitempty"`
	// Created are the digests of the configurations' manifests that have been created completely.
	Created []string `json:"created,omitempty"`
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
		return nil, fmt.Errorf("world: %s%s: %w", prefix, id, err)
	}
	return value, nil
}

// keep writes value under prefix+id.
func keep(m Memory, prefix, id string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("world: %s%s: %w", prefix, id, err)
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
