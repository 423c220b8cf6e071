package aws

import (
	"testing"

	"github.com/inferadb/infra/simulator/store"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// nobody is a role that does not exist.
const nobody = "arn:aws:iam::123456789012:role/nobody"

const anybody = `{"Statement":{"Effect":"Allow","Principal":"*","Resource":"arn:aws:s3:::state/*"}}`

// TestStorageRefusals makes, one after the other, the mistakes that S3 refuses.
func TestStorageRefusals(t *testing.T) {
	h := newHarness(t)
	h.Create(bucketType, "state", props{"bucket": "state"})
	h.Create(publicAccessType, "state", props{"bucket": "state", "blockPublicPolicy": true})
	encrypted := func(rules ...any) props { return props{"bucket": "state", "rules": rules} }
	byDefault := func(settings map[string]any) any {
		return map[string]any{"applyServerSideEncryptionByDefault": settings}
	}
	rule := map[string]any{"id": "old", "status": "Enabled", "expiration": map[string]any{"days": 1}}
	for name, mistake := range map[string]mistake{
		"name that is taken": {bucketType, props{"bucket": "state"}, "BucketAlreadyExists"},
		"name in capitals":   {bucketType, props{"bucket": "State"}, "bucket: "},
		"no such bucket": {versioningType,
			props{"bucket": "none", "versioningConfiguration": map[string]any{"status": "Enabled"}}, "NoSuchBucket"},
		"versioning on": {versioningType,
			props{"bucket": "state", "versioningConfiguration": map[string]any{"status": "on"}},
			"versioningConfiguration.status"},
		"two kinds of default": {bucketEncryptionType,
			encrypted(byDefault(map[string]any{"sseAlgorithm": "AES256"}),
				byDefault(map[string]any{"sseAlgorithm": "aws:kms"})), "MalformedXML"},
		"key without KMS": {bucketEncryptionType,
			encrypted(byDefault(map[string]any{"sseAlgorithm": "AES256", "kmsMasterKeyId": "k"})), "InvalidArgument"},
		"no policy": {bucketPolicyType, props{"bucket": "state", "policy": "{"}, "MalformedPolicy"},
		"policy of another": {bucketPolicyType,
			props{"bucket": "state", "policy": `{"Statement":{"Principal":"*","Resource":"arn:aws:s3:::states/*"}}`},
			"invalid resource"},
		"policy about nobody": {bucketPolicyType,
			props{"bucket": "state", "policy": `{"Statement":{"Principal":{"AWS":"` + nobody + `"},"Resource":"arn:aws:s3:::state"}}`},
			"Invalid principal"},
		"public policy": {bucketPolicyType, props{"bucket": "state", "policy": anybody}, "AccessDenied"},
		"rule twice": {lifecycleType, props{"bucket": "state", "rules": []any{rule, rule}},
			"must be unique"},
		"rule that does naught": {lifecycleType,
			props{"bucket": "state", "rules": []any{map[string]any{"id": "a",
				"status": "Enabled"}}}, "At least one action"},
		"log to nowhere": {bucketLoggingType,
			props{"bucket": "state", "targetBucket": "none", "targetPrefix": ""}, "InvalidTargetBucketForLogging"},
		"key for " +
			"nobody": {keyType, props{"policy": `{"Statement":{"Principal":{"AWS":["arn:aws:iam::123456789012:root","` + nobody + `"]}}}`},
			"invalid principals"},
		"attached to nothing": {policyAttachmentType,
			props{"role": "r", "policyArn": "arn:aws:iam::123456789012:policy/none"}, "NoSuchEntity"},
		"provider by http": {oidcProviderType,
			props{"url": "http://tokens.example", "clientIdLists": []any{"a"}}, "url: "},
	} {
		_, _, err := h.Try(mistake.token, "mistake", mistake.inputs)
		assert.ErrorContains(t, err, mistake.want, name)
	}
	h.Within(func(st *store.Store) {
		st.Put(&store.Resource{Type: bucketType, ID: "far", State: store.Values{"region": "eu-west-1"}})
	})
	_, _, err := h.Try(ownershipType, "far", props{"bucket": "far",
		"rule": map[string]any{"objectOwnership": "BucketOwnerEnforced"}})
	assert.ErrorContains(t, err, "PermanentRedirect")
}

func TestABucketIsDeletedEmpty(t *testing.T) {
	h := newHarness(t)
	h.Create(bucketType, "state", props{"bucket": "state"})
	h.Within(func(st *store.Store) {
		require.NoError(t, SetObjectCount(st, "state", 2))
		require.ErrorContains(t, SetObjectCount(st, "none", 1), "NoSuchBucket")
	})
	assert.ErrorContains(t, h.Delete(bucketType, "state"), "BucketNotEmpty")
	h.Within(func(st *store.Store) { require.NoError(t, SetObjectCount(st, "state", 0)) })
	assert.NoError(t, h.Delete(bucketType, "state"))
}

func TestAPolicyIsDeletedDetachedAndAProviderIsOne(t *testing.T) {
	h := newHarness(t)
	role := h.Create(roleType, "role", props{"name": "role", "assumeRolePolicy": `{"Statement":[]}`})
	policy := h.Create(policyType, "policy", props{"name": "policy", "policy": `{"Statement":[]}`})
	h.Create(policyAttachmentType, "attached", props{"role": role, "policyArn": policy})
	assert.ErrorContains(t, h.Delete(policyType, policy), "DeleteConflict")
	provider := props{"url": "https://tokens.example", "clientIdLists": []any{"sts.amazonaws.com"}}
	assert.Equal(t, "arn:aws:iam::123456789012:oidc-provider/tokens.example",
		h.Create(oidcProviderType, "first", provider))
	_, _, err := h.Try(oidcProviderType, "second", provider)
	assert.ErrorContains(t, err, "EntityAlreadyExists")
}

// TestImports reads what exists without a state.
func TestImports(t *testing.T) {
	h := newHarness(t)
	read := func(token, id string) *pulumirpc.ReadResponse {
		response, err := h.Server.Read(t.Context(),
			&pulumirpc.ReadRequest{Id: id, Urn: "urn:pulumi:test::lab::" + token + "::imported"})
		require.NoError(t, err)
		return response
	}
	role := h.Create(roleType, "role", props{"name": "role", "assumeRolePolicy": `{"Statement":[]}`})
	policy := h.Create(policyType, "policy", props{"name": "policy", "policy": `{"Statement":[]}`})
	attached := h.Create(policyAttachmentType, "attached", props{"role": role, "policyArn": policy})
	assert.Equal(t, attached, read(policyAttachmentType, "role/"+policy).Id,
		"by what it joins, not by the provider's own id")
	assert.Empty(t, read(policyAttachmentType, "other/"+policy).Id)

	key := h.Create(keyType, "key", props{"description": "mine", "deletionWindowInDays": 7})
	inputs := read(keyType, key).Inputs.AsMap()
	assert.Equal(t, "mine", inputs["description"])
	assert.NotContains(t, inputs, "deletionWindowInDays", "KMS does not tell it")
}
