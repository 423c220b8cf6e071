package iampolicy

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTextIsWhatAWSReads(t *testing.T) {
	text, err := Text(
		Allow("sqs:SendMessage").Named("Events").On("arn:aws:sqs:us-east-1:123456789012:q").To(Principal{Service: []string{"events.amazonaws.com"}}).
			When("ArnEquals", "aws:SourceArn", "arn:a", "arn:b"),
		Deny("s3:*").On("*").To(Principal{AWS: []string{"*"}}).When("Bool", "aws:SecureTransport", "false"),
		Allow("sts:AssumeRole").To(Principal{Service: []string{"ec2.amazonaws.com"}}),
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
	first := Allow("a:B").When("StringEquals", "k1", "v1")
	both := first.When("StringEquals", "k2", "v2").When("Bool", "k3", "true")
	assert.Equal(t, Conditions{"StringEquals": {"k1": {"v1"}, "k2": {"v2"}}, "Bool": {"k3": {"true"}}}, both.Condition)
	assert.Equal(t, Conditions{"StringEquals": {"k1": {"v1"}}}, first.Condition, "a statement that another begins with stays as it is")
}

func TestLooseActionsAreThoseThatChangeAnything(t *testing.T) {
	for _, test := range []struct {
		statement Statement
		want      []string
	}{
		{Allow("ec2:DescribeInstances", "kms:ListKeys").On("*"), nil},
		{Allow("ec2:RunInstances", "ec2:DescribeImages").On("*"), []string{"ec2:RunInstances"}},
		{Allow("ec2:*").On("*"), []string{"ec2:*"}},
		{Allow("s3:PutObject").On("arn:aws:s3:::*"), []string{"s3:PutObject"}},
		{Allow("s3:PutObject").On("arn:aws:s3:::bucket/*"), nil},
		{Allow("ec2:RunInstances").On("*").When("StringEquals", "aws:RequestedRegion", "us-east-1"), nil},
		{Allow("kms:*").On("*").To(Principal{AWS: []string{"arn:aws:iam::123456789012:root"}}), nil},
		{Deny("ec2:*").On("*"), nil},
	} {
		assert.Equal(t, test.want, Document{Statement: []Statement{test.statement}}.Loose(), "%v", test.statement.Action)
	}
}
