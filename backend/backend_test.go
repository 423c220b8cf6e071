package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/inferadb/infra/iampolicy"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"
)

const account = "123456789012"

// made is a resource as the program registered it.
type made struct {
	token, name, importID string
	inputs                resource.PropertyMap
	protect               bool
}

func (m made) text(key string) string { return m.inputs[resource.PropertyKey(key)].StringValue() }

// mocks answer for the engine.
type mocks struct {
	mutex sync.Mutex
	made  []made
}

func (m *mocks) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.made = append(m.made, made{args.TypeToken, args.Name, args.RegisterRPC.GetImportId(), args.Inputs,
		args.RegisterRPC.GetProtect()})
	outputs := args.Inputs.Copy()
	outputs["keyId"] = resource.NewStringProperty("id-of-" + args.Name)
	outputs["arn"] = resource.NewStringProperty("arn-of-" + args.Name)
	outputs["targetKeyArn"] = outputs["arn"]
	return args.Name + "-id", outputs, nil
}

func (m *mocks) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	return resource.NewPropertyMapFromMap(map[string]any{
		"accountId": account, "targetKeyId": "looked-up", "arn": "arn-of-existing", "id": "id",
	}), nil
}

// build runs the program and returns what it made and what it exports.
func build(t *testing.T, environment string, given map[string]string, adopt bool) ([]made, map[string]string) {
	t.Helper()
	m, exports, mutex := &mocks{}, map[string]string{}, sync.Mutex{}
	require.NoError(t, pulumi.RunErr(func(ctx *pulumi.Context) error {
		err := program(ctx, given, adopt)
		for name, value := range ctx.GetCurrentExportMap() {
			if plain, ok := value.(pulumi.String); ok {
				mutex.Lock()
				exports[name] = string(plain)
				mutex.Unlock()
				continue
			}
			value.(pulumi.StringOutput).ApplyT(func(text string) string {
				mutex.Lock()
				defer mutex.Unlock()
				exports[name] = text
				return text
			})
		}
		return err
	}, pulumi.WithMocks("inferadb-backend", environment, m)))
	return m.made, exports
}

// file reads the settings of an environment's own file, with changes made to it.
func file(t *testing.T, environment string, changes map[string]string) map[string]string {
	t.Helper()
	text, err := os.ReadFile("Pulumi." + environment + ".yaml")
	require.NoError(t, err)
	var stack struct{ Config map[string]any }
	require.NoError(t, yaml.Unmarshal(text, &stack))
	given := map[string]string{}
	for key, value := range stack.Config {
		encoded, err := json.Marshal(value)
		require.NoError(t, err)
		given[key] = strings.Trim(string(encoded), `"`)
	}
	for key, value := range changes {
		given[namespace+":"+key] = value
	}
	return given
}

var everything = map[string]string{"accessLog": "true", "repository": "acme/infra"}

// only finds the one resource of a type and name.
func only(t *testing.T, all []made, token, name string) made {
	t.Helper()
	i := slices.IndexFunc(all, func(m made) bool { return strings.HasSuffix(m.token, ":"+token) && m.name == name })
	require.GreaterOrEqual(t, i, 0, "%s %s", token, name)
	return all[i]
}

func parse(t *testing.T, text string) iampolicy.Document {
	t.Helper()
	document, err := iampolicy.Parse(text)
	require.NoError(t, err)
	return document
}

// TestBackendsFileNamesWhatTheBackendMakes compares the two places that must agree.
func TestBackendsFileNamesWhatTheBackendMakes(t *testing.T) {
	text, err := os.ReadFile("../backends.yaml")
	require.NoError(t, err)
	var said map[string]struct{ Backend, Secrets string }
	require.NoError(t, yaml.Unmarshal(text, &said))
	files, err := filepath.Glob("Pulumi.*.yaml")
	require.NoError(t, err)
	require.Len(t, files, 2)
	for _, name := range files {
		environment := strings.Split(name, ".")[1]
		_, exports := build(t, environment, file(t, environment, nil), false)
		assert.Equal(t, said[environment].Backend, exports["backend"])
		assert.Equal(t, said[environment].Secrets, exports["secretsProvider"])
	}
}

func TestBucketsArePrivate(t *testing.T) {
	all, _ := build(t, "staging", file(t, "staging", everything), false)
	for _, name := range []string{"state", "log"} {
		block := only(t, all, "BucketPublicAccessBlock", name)
		for _, what := range []resource.PropertyKey{"blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"} {
			assert.True(t, block.inputs[what].BoolValue(), "%s: %s", name, what)
		}
		rule := only(t, all, "BucketOwnershipControls", name).inputs["rule"].ObjectValue()
		assert.Equal(t, "BucketOwnerEnforced", rule["objectOwnership"].StringValue())
		bucket := only(t, all, "BucketV2", name).text("bucket")
		tls := parse(t, only(t, all, "BucketPolicy", name).text("policy")).Statement[0]
		assert.Equal(t, tlsOnly(bucket), tls)
		assert.Equal(t, "Deny", tls.Effect)
		assert.Equal(t, []string{"arn:aws:s3:::" + bucket, "arn:aws:s3:::" + bucket + "/*"}, tls.Resource)
		assert.Equal(t, iampolicy.Conditions{"Bool": {"aws:SecureTransport": {"false"}}}, tls.Condition)
	}
}

func TestTheStateIsVersionedAndEncrypted(t *testing.T) {
	all, _ := build(t, "production", file(t, "production", nil), false)
	versioning := only(t, all, "BucketVersioningV2", "state").inputs["versioningConfiguration"].ObjectValue()
	assert.Equal(t, "Enabled", versioning["status"].StringValue())
	rule := only(t, all, "BucketServerSideEncryptionConfigurationV2", "state").inputs["rules"].ArrayValue()[0].ObjectValue()
	byDefault := rule["applyServerSideEncryptionByDefault"].ObjectValue()
	assert.Equal(t, "aws:kms", byDefault["sseAlgorithm"].StringValue())
	assert.Equal(t, "arn-of-state", byDefault["kmsMasterKeyId"].StringValue())
	assert.True(t, rule["bucketKeyEnabled"].BoolValue())
	for _, name := range []string{"state", "secrets"} {
		key := only(t, all, "Key", name)
		assert.True(t, key.inputs["enableKeyRotation"].BoolValue(), name)
		assert.True(t, key.inputs["deletionWindowInDays"].IsNull(), "AWS waits the longest, 30 days, unless told otherwise")
	}
	lifecycle := only(t, all, "BucketLifecycleConfigurationV2", "state").inputs["rules"].ArrayValue()
	old := lifecycle[0].ObjectValue()["noncurrentVersionExpiration"].ObjectValue()
	assert.Equal(t, []float64{keepDays, keepVersions}, []float64{old["noncurrentDays"].NumberValue(), old["newerNoncurrentVersions"].NumberValue()})
	snapshots := lifecycle[1].ObjectValue()
	assert.Equal(t, "etcd/", snapshots["filter"].ObjectValue()["prefix"].StringValue())
	removed := snapshots["noncurrentVersionExpiration"].ObjectValue()
	assert.Equal(t, float64(keepSnapshotDays), removed["noncurrentDays"].NumberValue())
	assert.True(t, removed["newerNoncurrentVersions"].IsNull(), "a removed snapshot goes in the end")
}

// TestTheBucketTakesPulumisOwnWrites: Pulumi names no key, so no denial may depend on a header that is missing.
func TestTheBucketTakesPulumisOwnWrites(t *testing.T) {
	for _, statement := range stateBucketPolicy("bucket", "key")[1:] {
		assert.Equal(t, "Deny", statement.Effect)
		present := false
		for _, values := range statement.Condition["Null"] {
			present = present || slices.Equal(values, []string{"false"})
		}
		assert.True(t, present, "%s applies only where a header is given", statement.Sid)
	}
}

func TestTheAccessLogIsAnOption(t *testing.T) {
	without, _ := build(t, "staging", file(t, "staging", nil), false)
	assert.False(t, slices.ContainsFunc(without,
		func(m made) bool { return m.name == "log" || strings.HasSuffix(m.token, "BucketLoggingV2") }))
	all, _ := build(t, "staging", file(t, "staging", everything), false)
	log := only(t, all, "BucketLoggingV2", "state")
	assert.Equal(t, "inferadb-pulumi-state-staging", log.text("bucket"))
	assert.Equal(t, "inferadb-pulumi-state-staging-log", log.text("targetBucket"))
	writes := parse(t, only(t, all, "BucketPolicy", "log").text("policy")).Statement[1]
	assert.Equal(t, []string{"logging.s3.amazonaws.com"}, writes.Principal.Service)
	assert.Equal(t, []string{account}, writes.Condition["StringEquals"]["aws:SourceAccount"])
}

// TestEverythingIsProtectedAndCanBeAdopted: each resource names the id by which AWS knows it.
func TestEverythingIsProtectedAndCanBeAdopted(t *testing.T) {
	for adopt, protection := range map[bool]string{false: "true", true: "false"} {
		changes := map[string]string{"protection": protection, "accessLog": "true", "repository": "acme/infra"}
		all, _ := build(t, "staging", file(t, "staging", changes), adopt)
		require.NotEmpty(t, all)
		for _, m := range all {
			if strings.HasPrefix(m.token, "pulumi:") {
				continue
			}
			assert.Equal(t, protection == "true", m.protect, "%s %s", m.token, m.name)
			assert.Equal(t, adopt, m.importID != "", "%s %s", m.token, m.name)
		}
		if adopt {
			assert.Equal(t, "looked-up", only(t, all, "Key", "secrets").importID)
			assert.Equal(t, "alias/inferadb-pulumi-staging", only(t, all, "Alias", "secrets").importID)
			assert.Equal(t, "inferadb-pulumi-state-staging", only(t, all, "BucketLoggingV2", "state").importID)
		}
	}
}

func TestTheTrustOfEachRoleIsExact(t *testing.T) {
	all, exports := build(t, "staging", file(t, "staging", everything), false)
	for kind, environment := range map[string]string{preview: "staging-preview", deploy: "staging", backup: "staging-backup"} {
		role := only(t, all, "Role", kind)
		assert.JSONEq(t, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
			"Principal":{"Federated":["arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"]},
			"Action":["sts:AssumeRoleWithWebIdentity"],
			"Condition":{"StringEquals":{
				"token.actions.githubusercontent.com:aud":["sts.amazonaws.com"],
				"token.actions.githubusercontent.com:sub":["repo:acme/infra:environment:`+environment+`"]}}}]}`, role.text("assumeRolePolicy"))
		assert.Equal(t, "arn-of-"+kind, exports[kind+"Role"])
		assert.False(t, strings.HasPrefix(role.text("name"), "inferadb-staging-"), "the deploy role may change what has a cluster's name")
	}
	assert.Equal(t, "s3://inferadb-pulumi-state-staging/etcd?region=us-east-1", exports["snapshots"])
	provider := only(t, all, "OpenIdConnectProvider", "github")
	assert.Equal(t, "https://token.actions.githubusercontent.com", provider.text("url"))
}

func TestRolesAreAnOption(t *testing.T) {
	without, exports := build(t, "staging", file(t, "staging", nil), false)
	assert.False(t, slices.ContainsFunc(without, func(m made) bool { return strings.HasPrefix(m.token, "aws:iam/") }))
	assert.Len(t, exports, 2)
	existing, _ := build(t, "production", file(t, "production", map[string]string{"repository": "acme/infra", "oidcProvider": "existing"}), false)
	assert.False(t, slices.ContainsFunc(existing, func(m made) bool { return strings.HasSuffix(m.token, ":OpenIdConnectProvider") }))
	only(t, existing, "Role", deploy)
}

// granted are the statements of a role: of the policies that are attached to it, and about it in the policies of the
// keys.
func granted(t *testing.T, all []made, kind string) []iampolicy.Statement {
	t.Helper()
	var statements []iampolicy.Statement
	for _, m := range all {
		switch {
		case strings.HasSuffix(m.token, ":RolePolicyAttachment") && strings.HasPrefix(m.name, kind+"-"):
			statements = append(statements,
				parse(t, only(t, all, "Policy", strings.TrimPrefix(m.name, kind+"-")).text("policy")).Statement...)
		case strings.HasSuffix(m.token, ":Key"):
			for _, statement := range parse(t, m.text("policy")).Statement {
				if slices.Equal(statement.Principal.AWS, []string{"arn:aws:iam::123456789012:role/inferadb-github-staging-" + kind}) {
					statements = append(statements, statement)
				}
			}
		}
	}
	return statements
}

// TestAPreviewCannotWrite: of all that changes anything or opens anything, a preview opens the state and its secrets.
func TestAPreviewCannotWrite(t *testing.T) {
	all, _ := build(t, "staging", file(t, "staging", everything), false)
	statements := granted(t, all, preview)
	require.Len(t, statements, 6, "reading, three of the state, and one of each key")
	for _, statement := range statements {
		for _, action := range statement.Action {
			assert.True(t, iampolicy.Reads(action) || action == "kms:Decrypt", action)
		}
		if slices.Contains(statement.Action, "kms:Decrypt") && statement.Principal == nil {
			assert.Equal(t, []string{"arn-of-state", "arn-of-secrets"}, statement.Resource)
		}
	}
}

// TestADeployWritesTheState, and leaves its keys alone.
func TestADeployWritesTheState(t *testing.T) {
	all, _ := build(t, "staging", file(t, "staging", everything), false)
	may, denied := map[string][]string{}, map[string][]string{}
	for _, statement := range granted(t, all, deploy) {
		for _, action := range statement.Action {
			if statement.Effect == "Deny" {
				denied[action] = statement.Resource
			} else if statement.Principal == nil {
				may[action] = append(may[action], statement.Resource...)
			}
		}
	}
	assert.Equal(t, []string{"arn:aws:s3:::inferadb-pulumi-state-staging/*"}, may["s3:PutObject"])
	assert.Equal(t, []string{"arn-of-secrets"}, may["kms:Encrypt"])
	assert.Equal(t, []string{"arn-of-state"}, may["kms:GenerateDataKey"])
	for _, action := range []string{"kms:ScheduleKeyDeletion", "kms:PutKeyPolicy", "kms:TagResource"} {
		assert.Equal(t, []string{"arn-of-state", "arn-of-secrets"}, denied[action], action)
	}
	for action := range may {
		assert.False(t, strings.HasPrefix(action, "s3:PutBucket") || strings.HasPrefix(action, "s3:DeleteBucket"), action)
	}
}

// TestABackupWritesSnapshotsAlone: it reads the state and opens it, and writes nothing but the folder of the snapshots.
func TestABackupWritesSnapshotsAlone(t *testing.T) {
	all, _ := build(t, "staging", file(t, "staging", everything), false)
	statements := granted(t, all, backup)
	require.Len(t, statements, 7, "five of the state and the snapshots, and one of each key")
	const bucket = "arn:aws:s3:::inferadb-pulumi-state-staging"
	on := map[string][]string{
		"s3:ListBucket": {bucket}, "s3:GetObject": {bucket + "/.pulumi/*"},
		"s3:PutObject": {bucket + "/etcd/*"}, "s3:DeleteObject": {bucket + "/etcd/*"}, "s3:AbortMultipartUpload": {bucket + "/etcd/*"},
		"kms:Decrypt": {"arn-of-state", "arn-of-secrets"}, "kms:GenerateDataKey": {"arn-of-state"},
	}
	for _, statement := range statements {
		assert.Equal(t, "Allow", statement.Effect)
		for _, action := range statement.Action {
			require.Contains(t, on, action)
			if statement.Principal == nil {
				assert.Equal(t, on[action], statement.Resource, action)
			}
		}
	}
	secrets := parse(t, only(t, all, "Key", "secrets").text("policy"))
	for _, statement := range secrets.Statement {
		if statement.Sid == "Backup" {
			assert.Equal(t, []string{"kms:Decrypt"}, statement.Action)
		}
	}
}
