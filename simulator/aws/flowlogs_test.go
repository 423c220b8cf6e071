package aws

import (
	"testing"

	"github.com/inferadb/infra/simulator/store"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAFlowLogMustBeWritten(t *testing.T) {
	p := newPlace(t)
	group, outputs, err := p.Try(logGroupType, "flows", props{"retentionInDays": 30})
	require.NoError(t, err)
	trust := `{"Statement":[{"Principal":{"Service":["vpc-flow-logs.amazonaws.com"]},"Action":["sts:AssumeRole"]}]}`
	role, writer, err := p.Try(roleType, "flows", props{"assumeRolePolicy": trust})
	require.NoError(t, err)
	_, machine, err := p.Try(roleType, "machine", props{"assumeRolePolicy": `{"Version":"2012-10-17","Statement":[]}`})
	require.NoError(t, err)
	log := props{"vpcId": p.vpc, "trafficType": "ALL", "logDestination": outputs["arn"], "iamRoleArn": writer["arn"]}
	_, _, err = p.Try(flowLogType, "unwritten", log)
	assert.ErrorContains(t, err, "would stay empty")
	p.Create(rolePolicyType, "flows", props{"role": role,
		"policy": `{"Statement":[{"Action":["logs:PutLogEvents"],"Resource":["` + outputs["arn"].(string) + `:*"]}]}`})
	written := p.Create(flowLogType, "flows", log)
	for name, c := range map[string]struct {
		token  string
		inputs props
		want   string
	}{
		"a second one":            {flowLogType, log, "FlowLogAlreadyExists"},
		"of nothing":              {flowLogType, log.With(props{"vpcId": nil}), "exactly one of"},
		"of two things":           {flowLogType, log.With(props{"subnetId": p.private}), "exactly one of"},
		"of no network":           {flowLogType, log.With(props{"vpcId": "vpc-0"}), "InvalidVpcId.NotFound"},
		"of no traffic":           {flowLogType, log.With(props{"trafficType": "SOME"}), "trafficType"},
		"every minute and a half": {flowLogType, log.With(props{"maxAggregationInterval": 90}), "expected 60 or 600"},
		"into no group": {flowLogType,
			log.With(props{"logDestination": "arn:aws:logs:us-east-1:123456789012:log-group:none"}), "does not exist"},
		"by the role of a machine": {flowLogType,
			log.With(props{"logDestination": outputs["arn"], "vpcId": nil, "subnetId": p.private,
				"iamRoleArn": machine["arn"]}), "Unable to assume"},
		"a group's name again":      {logGroupType, props{"name": group}, "ResourceAlreadyExistsException"},
		"a group for a month or so": {logGroupType, props{"retentionInDays": 31}, "to be one of"},
		"a group under no key": {logGroupType, props{"kmsKeyId": "arn:aws:kms:us-east-1:123456789012:key/none"},
			"NotFoundException"},
	} {
		_, _, err := p.Try(c.token, "mistake", c.inputs)
		assert.ErrorContains(t, err, c.want, name)
	}
	assert.Equal(t, []string{"trafficType"}, p.Diff(flowLogType, written,
		log.With(props{"trafficType": "REJECT"})).Replaces)
	assert.Empty(t, p.Diff(logGroupType, group, props{"retentionInDays": 60}).Replaces)
}

// TestASettingOfTheAccountIsNotLeftOver, and no program may switch it off for the others.
func TestASettingOfTheAccountIsNotLeftOver(t *testing.T) {
	h := newHarness(t)
	id := h.Create(encryptionType, "account", props{})
	h.Within(func(st *store.Store) { assert.True(t, st.Get(encryptionType, "us-east-1", id).Adopted) })
	assert.ErrorContains(t, h.Delete(encryptionType, id), "retain it")
}
