package roles

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/inferadb/infra/iampolicy"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	scope = Scope{Account: "123456789012", Stack: "production"}
	// An environment's name has at most 31 characters: backend/settings.go.
	longest = Scope{Account: "123456789012", Stack: strings.Repeat("x", 31)}
	state   = State{Bucket: "arn:aws:s3:::state", StateKey: "arn:aws:kms:us-east-1:123456789012:key/a", SecretsKey: "arn:aws:kms:us-east-1:123456789012:key/b"}
)

func policies() []Policy {
	return append(append(Change(scope), Change(longest)...), Read(), Policy{"preview-state", ReadState(state)},
		Policy{"deploy-state", WriteState(state)},
		Policy{"backup-state", SaveSnapshots(state)})
}

// TestPoliciesFitIntoAWS: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
func TestPoliciesFitIntoAWS(t *testing.T) {
	for _, policy := range policies() {
		text, err := iampolicy.JSON(policy.Statements...)
		require.NoError(t, err)
		t.Logf("%s: %d characters", policy.Name, len(text))
		assert.LessOrEqual(t, len(text), 6144, policy.Name)
	}
	assert.LessOrEqual(t, len(Change(scope))+2, 10, "policies of one role")
}

func TestNothingIsLoose(t *testing.T) {
	for _, policy := range policies() {
		assert.Empty(t, iampolicy.Document{Statement: policy.Statements}.Unrestricted(), policy.Name)
		for _, statement := range policy.Statements {
			if statement.Effect == "Deny" {
				continue
			}
			for _, action := range statement.Action {
				assert.NotContains(t, action, "*", policy.Name)
			}
		}
	}
}

// TestReadingChangesNothing: neither what previews look at nor what they do with the state writes.
func TestReadingChangesNothing(t *testing.T) {
	for _, action := range Read().Statements[0].Action {
		assert.True(t, iampolicy.Reads(action), action)
	}
	for _, statement := range ReadState(state) {
		for _, action := range statement.Action {
			assert.True(t, iampolicy.Reads(action) || action == "kms:Decrypt", action)
		}
		assert.NotContains(t, statement.Resource, "*")
	}
}

// TestEveryActionStandsWhereItBelongs: what reads is in Read, what changes is not.
func TestEveryActionStandsWhereItBelongs(t *testing.T) {
	for token, access := range Resources {
		assert.NotEmpty(t, access.Read, token)
		for _, action := range slices.Concat(access.Create, access.Tag, access.Change, access.Named) {
			assert.False(t, iampolicy.Reads(action), "%s: %s", token, action)
			assert.Regexp(t, `^[a-z0-9]+:[A-Z][A-Za-z0-9]+$`, action, token)
		}
		for _, action := range access.Named {
			service, _, _ := strings.Cut(action, ":")
			assert.Contains(t, named, service, "%s: %s", token, action)
		}
	}
}

// TestAStackTouchesItsOwn: what exists is changed by name or by tag, roles by name alone.
func TestAStackTouchesItsOwn(t *testing.T) {
	for _, policy := range Change(scope) {
		for _, statement := range policy.Statements {
			for _, action := range statement.Action {
				switch {
				case strings.HasPrefix(action, "iam:CreateServiceLinkedRole"):
					assert.Contains(t, statement.Resource[0], ":role/aws-service-role/")
				case strings.HasPrefix(action, "iam:"):
					for _, resource := range statement.Resource {
						assert.Regexp(t, `^arn:aws:iam::123456789012:(role|instance-profile)/inferadb-production-\*$`, resource, action)
					}
				case strings.HasPrefix(action, "ec2:Delete"), strings.HasPrefix(action, "ec2:Terminate"), strings.HasPrefix(action, "elasticloadbalancing:Delete"):
					assert.Equal(t, []string{"production"}, statement.Condition["StringEquals"]["aws:ResourceTag/stack"], action)
				}
				if action == "iam:PassRole" {
					services := statement.Condition["StringEquals"]["iam:PassedToService"]
					require.Len(t, services, 1)
					assert.Contains(t, []string{"ec2.amazonaws.com", "vpc-flow-logs.amazonaws.com"}, services[0])
				}
			}
		}
	}
}

// TestEveryActionIsInAPolicy: no service is forgotten between the parts.
func TestEveryActionIsInAPolicy(t *testing.T) {
	granted := map[string]bool{}
	for _, policy := range Change(scope) {
		for _, statement := range policy.Statements {
			for _, action := range statement.Action {
				granted[action] = true
			}
		}
	}
	for token, access := range Resources {
		for _, action := range slices.Concat(access.Create, access.Tag, access.Change, access.Named) {
			assert.True(t, granted[action], "%s: %s", token, action)
		}
		for _, statement := range rest(token, scope) {
			for _, action := range statement.Action {
				assert.True(t, granted[action], "%s: %s", token, action)
			}
		}
	}
}

// TestAPreviewOnGoogleCloudCannotWrite either, and an update may no more than change what it makes.
func TestAPreviewOnGoogleCloudCannotWrite(t *testing.T) {
	for _, permission := range ReadGoogleCloud() {
		assert.Regexp(t, `\.(get|list|getIamPolicy)$`, permission)
	}
	for token, asks := range GoogleCloud {
		assert.NotEmpty(t, asks.Read, token)
		for _, permission := range asks.Write {
			assert.Regexp(t, `^[a-z]+\.[a-zA-Z]+\.[a-zA-Z]+$`, permission, token)
			assert.NotRegexp(t, `^(resourcemanager|iam\.roles|iam\.serviceAccountKeys)\.|^iam\..*\.setIamPolicy$`, permission, token)
		}
	}
}

// TestTheDocumentListsTheScopes of DigitalOcean's tokens, which people tick by hand.
func TestTheDocumentListsTheScopes(t *testing.T) {
	text, err := os.ReadFile("../../docs/state.md")
	require.NoError(t, err)
	document := strings.Join(strings.Fields(string(text)), " ")
	for _, scopes := range [][]string{ReadDigitalOcean(), ChangeDigitalOcean()} {
		assert.Contains(t, document, "`"+strings.Join(scopes, "`, `")+"`")
	}
	for _, scope := range ReadDigitalOcean() {
		assert.True(t, strings.HasSuffix(scope, ":read"), scope)
	}
}
