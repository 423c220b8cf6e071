package roles

import "github.com/inferadb/infra/iampolicy"

// State is where a stack's state lies, by ARN.
type State struct {
	Bucket, StateKey, SecretsKey string
}

// ReadState returns what a preview needs of the state: reading it, and decrypting its secrets. A preview takes no
// lock.
func ReadState(s State) []iampolicy.Statement {
	return []iampolicy.Statement{
		iampolicy.Allow("s3:ListBucket").OnResources(s.Bucket),
		iampolicy.Allow("s3:GetObject").OnResources(s.Bucket + "/*"),
		iampolicy.Allow("kms:Decrypt").OnResources(s.StateKey, s.SecretsKey),
	}
}

// Snapshots is the folder in the state's bucket where a workflow saves etcd.
const Snapshots = "etcd"

// SaveSnapshots returns what the workflow that saves etcd needs: the way to the nodes, which is among the outputs in
// the state, and a folder of its own. It takes no lock. What it deletes there is a version that it cannot delete.
func SaveSnapshots(s State) []iampolicy.Statement {
	return []iampolicy.Statement{
		iampolicy.Allow("s3:ListBucket").OnResources(s.Bucket),
		iampolicy.Allow("s3:GetObject").OnResources(s.Bucket + "/.pulumi/*"),
		iampolicy.Allow("s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload").
			OnResources(s.Bucket + "/" + Snapshots + "/*"),
		iampolicy.Allow("kms:Decrypt").OnResources(s.StateKey, s.SecretsKey),
		iampolicy.Allow("kms:GenerateDataKey").OnResources(s.StateKey),
	}
}

// WriteState returns what an update needs of the state. The keys themselves, and who may use them, stay out of its
// reach.
func WriteState(s State) []iampolicy.Statement {
	return append(ReadState(s),
		iampolicy.Allow("s3:PutObject", "s3:DeleteObject").OnResources(s.Bucket+"/*"),
		iampolicy.Allow("kms:GenerateDataKey").OnResources(s.StateKey),
		iampolicy.Allow("kms:Encrypt").OnResources(s.SecretsKey),
		iampolicy.Deny(
			"kms:CreateAlias",
			"kms:CreateGrant",
			"kms:DeleteAlias",
			"kms:Disable*",
			"kms:PutKeyPolicy",
			"kms:RevokeGrant",
			"kms:ScheduleKeyDeletion",
			"kms:TagResource",
			"kms:UntagResource",
			"kms:Update*",
		).WithSid("KeysStay").OnResources(s.StateKey, s.SecretsKey),
	)
}
