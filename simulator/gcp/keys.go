package gcp

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/inferadb/infra/simulator/conditions"
	"github.com/inferadb/infra/simulator/schema"
	"github.com/inferadb/infra/simulator/store"
)

// The types of keys.
const (
	keyRingType   = "gcp:kms/keyRing:KeyRing"
	keyType       = "gcp:kms/cryptoKey:CryptoKey"
	keyMemberType = "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember"
	// retiredType marks the name of a ring that was deleted: it is never free again.
	retiredType = "gcp:kms/retired"
)

const (
	// serviceAgent is Compute Engine's own account in the project, useKey the role by which it encrypts disks.
	serviceAgent = "serviceAccount:service-" + ProjectNumber + "@compute-system.iam.gserviceaccount.com"
	useKey       = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
)

func createKeyRing(c *schema.Call) error {
	c.ID = fmt.Sprintf("projects/%s/locations/%s/keyRings/%s", Project, c.State.String("location"),
		c.State.String("name"))
	if c.Store.Get(keyRingType, "", c.ID) != nil || c.Store.Get(retiredType, "", c.ID) != nil {
		return fmt.Errorf("Error 409: KeyRing %s already exists", c.ID)
	}
	c.State["project"] = Project
	return nil
}

// retireKeyRing keeps the name of a key ring, which cannot be deleted. The provider only removes it from the state.
// https://github.com/hashicorp/terraform-provider-google-beta/blob/v5.42.0/google-beta/services/kms/resource_kms_key_ring.go
func retireKeyRing(c *schema.Call) error {
	c.Store.Put(&store.Resource{Provider: "gcp", Type: retiredType, ID: c.ID, Name: c.Name, State: store.Values{},
		Adopted: true})
	return nil
}

func createKey(c *schema.Call) error {
	if _, err := find(c, keyRingType, c.State.String("keyRing")); err != nil {
		return err
	}
	c.ID = c.State.String("keyRing") + "/cryptoKeys/" + c.State.String("name")
	label(c.State, c.Type.Fields)
	return nil
}

// deleteKey destroys the versions of a key: nothing that they encrypted can be read again.
func deleteKey(c *schema.Call) error {
	for _, member := range c.Store.List(keyMemberType, "") {
		if same(member.State.String("cryptoKeyId"), c.ID) {
			c.Store.Remove(member)
		}
	}
	return nil
}

// diskFault returns why a machine would not start again after it stops; empty if it would.
func diskFault(st *store.Store, machine *store.Resource) string {
	key := withoutVersion(machine.State.Object("bootDisk").String("kmsKeySelfLink"))
	switch {
	case key == "":
		return ""
	case st.Get(keyType, "", path(key)) == nil:
		return fmt.Sprintf("the versions of the key of its disk, %s, are destroyed: the machine does not start again",
			path(key))
	case !mayUse(st, path(key), anyGrant):
		return fmt.Sprintf("Compute Engine may not use the key of its disk, %s: the machine does not start again",
			path(key))
	}
	return ""
}

func anyGrant(*store.Resource) bool { return true }

// mayUse reports whether Compute Engine may encrypt and decrypt with the key by one of the grants that count.
func mayUse(st *store.Store, key string, counts func(*store.Resource) bool) bool {
	return slices.ContainsFunc(st.List(keyMemberType, ""), func(r *store.Resource) bool {
		return same(r.State.String("cryptoKeyId"), key) && r.State.String("role") == useKey &&
			r.State.String("member") == serviceAgent &&
			counts(r)
	})
}

// createKeyMember grants a role on a key. What was granted on a foreign key is revoked by the key's owner, and never
// left over.
func createKeyMember(c *schema.Call) error {
	if _, err := find(c, keyType, c.State.String("cryptoKeyId")); err != nil {
		return err
	}
	member := c.State.String("member")
	if strings.Contains(member, "@compute-system.") && member != serviceAgent {
		return fmt.Errorf("Error 400: Service account %s does not exist., badRequest",
			strings.TrimPrefix(member, "serviceAccount:"))
	}
	c.ID = fmt.Sprintf("%s/%s/%s", c.State.String("cryptoKeyId"), c.State.String("role"), member)
	c.State[grantedKey] = float64(time.Now().UnixMilli())
	// The provider merges the member into the policy: one that is there already is no error, and is in effect already.
	// https://github.com/hashicorp/terraform-provider-google/blob/v5.45.2/google/tpgiamresource/resource_iam_member.go
	if granted := c.Store.Get(keyMemberType, "", c.ID); granted != nil {
		c.State[grantedKey] = granted.State[grantedKey]
	}
	return nil
}

// grantedKey is when a grant was created, which only the store knows.
const grantedKey = "__granted"

// inEffect reports whether a grant has reached the servers: https://cloud.google.com/iam/docs/access-change-propagation
func inEffect(grant *store.Resource) bool {
	return time.Since(time.UnixMilli(int64(grant.State.Int(grantedKey)))) >= conditions.Duration(conditions.GrantDelay)
}

// checkDiskKey looks for a disk's key, in the disk's region, and for the right of Compute Engine to use it.
// https://cloud.google.com/compute/docs/disks/customer-managed-encryption
func checkDiskKey(c *schema.Call, key string) error {
	if key == "" {
		return nil
	}
	found, err := find(c, keyType, key)
	if err != nil {
		return err
	}
	location := strings.Split(found.ID, "/")[3]
	if location != c.Region && location != "global" {
		return fmt.Errorf("Error 400: Cloud KMS key location '%s' does not match the location of the disk, '%s', "+
			"invalid", location, c.Region)
	}
	// A group waits by itself for the grant; a machine of the program's own is refused.
	if !mayUse(c.Store, found.ID, func(r *store.Resource) bool { return c.Token != instanceType || inEffect(r) }) {
		return fmt.Errorf("Error 400: Cloud KMS error when using key %s: Permission "+
			"'cloudkms.cryptoKeyVersions.useToEncrypt' denied on resource '%s', "+
			"kmsPermissionDenied", found.ID, found.ID)
	}
	return nil
}
