package gcp

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestAMachineIsTriedAgainUntilTheKeyIsGranted(t *testing.T) {
	refused := []string{"Error 400: Cloud KMS error when using key projects/p: Permission 'cloudkms.cryptoKeyVersions.useToEncrypt' denied"}
	total, tries := time.Duration(0), 0
	for errors := refused; ; errors = append(errors, refused...) {
		wait, again := grantPause("create", errors)
		if !again {
			break
		}
		assert.LessOrEqual(t, wait, 30*time.Second)
		total += wait
		tries++
	}
	assert.Greater(t, total, 7*time.Minute, "a grant takes seven minutes and more")
	assert.Less(t, total, 15*time.Minute)
	assert.Greater(t, tries, 10)

	for _, other := range []struct{ operation, err string }{
		{"update", refused[0]}, {"delete", refused[0]}, {"create", "Error 403: Quota 'CPUS' exceeded"},
	} {
		_, again := grantPause(other.operation, []string{other.err})
		assert.False(t, again, "%s: %s", other.operation, other.err)
	}
}
