package iampolicy

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTextIsWhatAWSReads(t *testing.T) {
	text, err := JSON(
		Allow("sqs:SendMessage").WithSid("Events").OnResources("arn:aws:sqs:us-east-1:123456789012:q").WithPrincipal(Principal{Service: []string{"events.amazonaws.com"}}).
			WithCondition("ArnEquals", "aws:SourceArn", "arn:a", "arn:b"),
		Deny("s3:*").OnResources("*").WithPrincipal(Principal{AWS: []string{"*"}}).WithCondition("Bool", "aws:SecureTransport", "false"),
		Allow("sts:AssumeRole").WithPrincipal(Principal{Service: []string{"ec2.amazonaws.com"}}),
	)
	require.NoError(t, err)
	assert.JSONEq(t, `{"Version":"2012-10-17","Statement":[
		{"Sid":"Events","Effect":"Allow","Principal":{"Service":["events.amazonaws.com"]},"Action":["sqs:SendMessage"],
		 "Resource":["arn:aws:sqs:us-east-1:123456789012:q"],"Condition":{"ArnEquals":{"aws:SourceArn":["arn:a","arn:b"]}}},
		{"Effect":"Deny","Principal":{"AWS":["*"]},"Action":["s3:*"],"Resource":["*"],"Condition":{"Bool":{"aws:SecureTransport":["false"]}}},
		{"Effect":"Allow","Principal":{"Service":["ec2.amazonaws.com"]},"Action":["sts:AssumeRole"]}]}`, text)
	document, err := Parse(text)
	require.NoError(t, err)
	assert.Len(t, document.Statement, 3)
	_, err = Parse(`{"Version":"2012-10-17","Statements":[]}`)
	assert.Error(t, err)
}

func TestConditionsAddUp(t *testing.T) {
	first := Allow("a:B").WithCondition("StringEquals", "k1", "v1")
	both := first.WithCondition("StringEquals", "k2", "v2").WithCondition("Bool", "k3", "true")
	assert.Equal(t, Conditions{"StringEquals": {"k1": {"v1"}, "k2": {"v2"}}, "Bool": {"k3": {"true"}}}, both.Condition)
	assert.Equal(t, Conditions{"StringEquals": {"k1": {"v1"}}}, first.Condition, "a statement that another begins with stays as it is")
}

func TestLooseActionsAreThoseThatChangeAnything(t *testing.T) {
	for _, test := range []struct {
		statement Statement
		want      []string
	}{
		{Allow("ec2:DescribeInstances", "kms:ListKeys").OnResources("*"), nil},
		{Allow("ec2:RunInstances", "ec2:DescribeImages").OnResources("*"), []string{"ec2:RunInstances"}},
		{Allow("ec2:*").OnResources("*"), []string{"ec2:*"}},
		{Allow("s3:PutObject").OnResources("arn:aws:s3:::*"), []string{"s3:PutObject"}},
		{Allow("s3:PutObject").OnResources("arn:aws:s3:::bucket/*"), nil},
		{Allow("ec2:RunInstances").OnResources("*").WithCondition("StringEquals", "aws:RequestedRegion", "us-east-1"), nil},
		{Allow("kms:*").OnResources("*").WithPrincipal(Principal{AWS: []string{"arn:aws:iam::123456789012:root"}}), nil},
		{Deny("ec2:*").OnResources("*"), nil},
	} {
		assert.Equal(t, test.want, Document{Statement: []Statement{test.statement}}.Unrestricted(), "%v",
			test.statement.Action)
	}
}
