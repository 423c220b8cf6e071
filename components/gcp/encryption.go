package gcp

import (
	"fmt"
	"strings"
	"time"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/kms"
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/projects"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// diskKey is the key that encrypts every disk.
type diskKey struct {
	// key is the id of the key; nil is Google's own.
	key pulumi.StringPtrInput
	// granted must exist before a disk can use the key.
	granted []pulumi.Resource
	// untilGranted tries again to make a machine while the grant has no effect yet; nil without a key.
	untilGranted *pulumi.ErrorHook
}

// createDiskKey returns the key that encrypts the disks: the one of the stack file, one created for the cluster, or nil
// for the key that Google manages.
func (c *Cloud) createDiskKey() (diskKey, error) {
	key := c.cluster.EncryptionKey
	if key.Managed || key.Kept {
		managed, err := c.createManagedKey()
		if err != nil {
			return diskKey{}, err
		}
		if key.Managed {
			return c.grantDiskKey(managed.ID())
		}
	}
	if key.ID == "" {
		return diskKey{}, nil
	}
	return c.grantDiskKey(pulumi.String(key.ID))
}

// createManagedKey creates a key in a new ring. A ring can never be deleted, nor its name be used again, so Pulumi
// generates the names: https://cloud.google.com/kms/docs/resource-hierarchy#key_rings
func (c *Cloud) createManagedKey() (*kms.CryptoKey, error) {
	ring, err := kms.NewKeyRing(c.ctx, c.name("disks"), &kms.KeyRingArgs{
		Location: pulumi.String(c.cluster.Location.Region),
	}, c.options()...)
	if err != nil {
		return nil, err
	}
	return kms.NewCryptoKey(c.ctx, c.name("disks"), &kms.CryptoKeyArgs{
		KeyRing: ring.ID(),
		Purpose: pulumi.String("ENCRYPT_DECRYPT"),
		// Ninety days, as Google recommends: https://cloud.google.com/kms/docs/key-rotation
		RotationPeriod: pulumi.String("7776000s"),
		// Without the key every disk and snapshot is lost, so it can be restored for thirty days.
		DestroyScheduledDuration: pulumi.String("2592000s"),
		Labels:                   c.labels(),
	}, c.options(pulumi.Protect(c.cluster.Protected))...)
}

// grantDiskKey lets Compute Engine use the key: without the grant no disk can be created, and none that was encrypted
// with the key can be read. Disks and their snapshots remain after a change of the key, so Pulumi never removes the
// grant.
// https://cloud.google.com/compute/docs/disks/customer-managed-encryption#before_you_begin
func (c *Cloud) grantDiskKey(id pulumi.StringInput) (diskKey, error) {
	number, err := c.projectNumber()
	if err != nil {
		return diskKey{}, err
	}
	grant, err := kms.NewCryptoKeyIAMMember(c.ctx, c.name("disks"), &kms.CryptoKeyIAMMemberArgs{
		CryptoKeyId: id,
		Role:        pulumi.String("roles/cloudkms.cryptoKeyEncrypterDecrypter"),
		Member:      pulumi.Sprintf("serviceAccount:service-%s@compute-system.iam.gserviceaccount.com", number),
	}, c.options(pulumi.RetainOnDelete(true))...)
	if err != nil {
		return diskKey{}, err
	}
	untilGranted, err := c.ctx.RegisterErrorHook(
		c.name("until-granted"),
		func(failed *pulumi.ErrorHookArgs) (bool, error) {
			wait, again := grantPause(failed.FailedOperation, failed.Errors)
			time.Sleep(wait)
			return again, nil
		},
	)
	return diskKey{key: id, granted: []pulumi.Resource{grant}, untilGranted: untilGranted}, err
}

// projectNumber returns the number of the project, which the name of Compute Engine's own account has. The project is
// looked up in the list of projects: the lookup of a single one (getProject of organizations) also asks Cloud Billing,
// which hangs where that API cannot be reached.
// https://github.com/hashicorp/terraform-provider-google-beta/blob/v5.42.0/google-beta/services/resourcemanager/data_source_google_projects.go
func (c *Cloud) projectNumber() (string, error) {
	found, err := projects.GetProject(c.ctx, &projects.GetProjectArgs{Filter: "id:" + c.cluster.Project}, c.lookup()...)
	if err != nil {
		return "", fmt.Errorf(
			"gcp:project: cannot look up %s (%w); enable cloudresourcemanager.googleapis.com in it",
			c.cluster.Project,
			err,
		)
	}
	for _, project := range found.Projects {
		if project.ProjectId == c.cluster.Project {
			return project.Number, nil
		}
	}
	return "", fmt.Errorf(
		"gcp:project: the list of projects does not have %s; correct the id, or ask for the permission "+
			"resourcemanager.projects.get",
		c.cluster.Project,
	)
}

// retryUntilGranted makes the engine retry the creation of a machine until the grant of the key has an effect, which
// takes minutes (https://cloud.google.com/iam/docs/access-change-propagation). A running machine does not need the
// hook, and the engine would look for it when it deletes the machine.
func (p prepared) retryUntilGranted(name string) pulumi.ResourceOption {
	if p.untilGranted == nil || p.running.Outputs("gcp:compute/instance:Instance", name) != nil {
		return pulumi.ResourceHooks(nil)
	}
	return pulumi.ResourceHooks(&pulumi.ResourceHookBinding{OnError: []*pulumi.ErrorHook{p.untilGranted}})
}

// grantPause returns how long to wait before a failed operation is tried again, and whether it is: only where the key
// was refused, and for about ten minutes altogether. The errors are all so far, the newest first.
func grantPause(operation string, errors []string) (wait time.Duration, again bool) {
	const most = 25
	if operation != "create" || len(errors) > most || !strings.Contains(errors[0], "Cloud KMS") {
		return 0, false
	}
	return min(time.Second<<len(errors), 30*time.Second), true
}
