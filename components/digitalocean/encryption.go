// DigitalOcean does not encrypt the disks of droplets and accepts no customer's key: Talos encrypts them with LUKS,
// from the first boot (config sets LUKS wherever the cloud itself does not encrypt; machineconfig writes it).

package digitalocean
