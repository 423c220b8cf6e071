package digitalocean

import (
	"fmt"

	"github.com/inferadb/infra/simulator/store"
)

// The states of a droplet: https://docs.digitalocean.com/reference/api/digitalocean/#tag/Droplets
const (
	statusActive = "active"
	statusOff    = "off"
)

func isOff(droplet *store.Resource) bool { return droplet.State.String("status") == statusOff }

// Droplet returns the droplet with an id. The error is the API's.
func Droplet(st *store.Store, id string) (*store.Resource, error) {
	if found := st.Get(dropletType, "", id); found != nil {
		return found, nil
	}
	return nil, fmt.Errorf("404 (request \"\") The resource you were accessing could not be found: droplet %s", id)
}

// Stop switches a droplet off.
func Stop(st *store.Store, droplet *store.Resource) {
	st.Change(droplet, func(_, state store.Values) { state["status"] = statusOff })
}

// Start switches a droplet on.
func Start(st *store.Store, droplet *store.Resource) error {
	if !isOff(droplet) {
		return fmt.Errorf("422 (unprocessable_entity) Droplet %s is already powered on", droplet.ID)
	}
	st.Change(droplet, func(_, state store.Values) { state["status"] = statusActive })
	return nil
}

// Resize changes the size of a droplet that is off. Its disk grows only if asked, and never shrinks.
// https://docs.digitalocean.com/products/droplets/how-to/resize/
func Resize(st *store.Store, droplet *store.Resource, slug string, disk bool) error {
	size, known := sizes[slug]
	switch {
	case !isOff(droplet):
		return fmt.Errorf("422 (unprocessable_entity) Droplet %s must be powered off before it can be resized",
			droplet.ID)
	case !known:
		return fmt.Errorf("422 (unprocessable_entity) the size %q is not available", slug)
	case size < droplet.State.Int("disk"):
		return fmt.Errorf("422 (unprocessable_entity) this size is not available because it has a smaller disk: %d "+
			"GiB, the droplet has %d",
			size, droplet.State.Int("disk"))
	}
	st.Change(droplet, func(inputs, state store.Values) {
		inputs["size"], state["size"] = slug, slug
		if disk {
			state["disk"] = float64(size)
		}
	})
	return nil
}
