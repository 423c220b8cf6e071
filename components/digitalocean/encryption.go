// DigitalOcean encrypts no droplet's disk and takes no customer's key: Talos does it with LUKS, from the first boot
// (config sets LUKS wherever the cloud itself does not encrypt; machineconfig writes it).

package digitalocean
