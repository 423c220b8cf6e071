package operate

import (
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"testing"
	"time"

	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestNewCredentialsTakeThePlaceOfTheOldOnes wherever they stand in a state: in a secret, in a text of many lines, in
// an output.
func TestNewCredentialsTakeThePlaceOfTheOldOnes(t *testing.T) {
	state := []byte(`{"a":"T0xE","b":{"plaintext":"\"crt: T0xE\\nkey: S0VZ\""}}`)
	swaps := swapsOf("talosconfig", credentials{"T0xE", "S0VZ"}, credentials{"TkVX", "TkVXS0VZ"})
	replaced, err := replaceAll(state, swaps)
	require.NoError(t, err)
	assert.JSONEq(t, `{"a":"TkVX","b":{"plaintext":"\"crt: TkVX\\nkey: TkVXS0VZ\""}}`, string(replaced))
	_, err = replaceAll(replaced, swaps)
	assert.EqualError(t, err, "the state does not have the talosconfig's certificate of the outputs; run: make up, and then the command again")
	_, err = replaceAll(state, swapsOf("kubeconfig", credentials{}, credentials{"TkVX", "TkVXS0VZ"}))
	assert.Error(t, err)
}

// TestTheStatesAuthoritySignsForTalos expects a pair that fits, for a year, by the authority of this cluster.
func TestTheStatesAuthoritySignsForTalos(t *testing.T) {
	f := newFixture(t)
	c := f.stack().Clusters[0]
	authority, err := secrets.NewTalosCA(time.Now())
	require.NoError(t, err)
	pair, err := json.Marshal(map[string]any{"certs": map[string]any{"os": map[string]any{
		"cert": base64.StdEncoding.EncodeToString(authority.CrtPEM),
		"key":  base64.StdEncoding.EncodeToString(authority.KeyPEM),
	}}})
	require.NoError(t, err)
	state, err := json.Marshal(map[string]any{"deployment": map[string]any{"resources": []any{map[string]any{
		"urn": "urn:pulumi:staging::inferadb::x$" + secretsType + "::" + clusterName, "type": secretsType,
		"outputs": map[string]any{"machineSecrets": map[string]any{"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "plaintext": string(pair)}},
	}}}})
	require.NoError(t, err)
	signed, err := c.signTalos(state)
	require.NoError(t, err)
	_, err = tls.X509KeyPair(decode(signed.certificate), decode(signed.key))
	require.NoError(t, err)
	assert.WithinDuration(t, time.Now().AddDate(1, 0, 0), certificate("talosconfig", decode(signed.certificate)).Expiry,
		48*time.Hour)
	_, err = c.signTalos([]byte(`{"deployment":{"resources":[]}}`))
	assert.EqualError(t, err, "the state has no authority of its Talos API; run: make up")
}
