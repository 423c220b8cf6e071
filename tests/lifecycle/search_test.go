package lifecycle

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// found says which secrets are in a text, and in which form. Secrets are texts with what they are.
func found(content []byte, secrets map[string]string) []string {
	content = unpack(content)
	var hits []string
	for secret, name := range secrets {
		for _, form := range forms(secret) {
			if bytes.Contains(content, []byte(form.text)) {
				hits = append(hits, name+", "+form.name)
				break
			}
		}
	}
	return hits
}

// form is one way to write a secret.
type form struct{ name, text string }

// forms are all ways to write a secret that are looked for.
func forms(secret string) []form {
	all := []form{
		{"in clear", secret}, {"in JSON", quoted(secret)}, {"in JSON in JSON", quoted(quoted(secret))},
		{"in a query", url.QueryEscape(secret)}, {"in a URL", url.PathEscape(secret)},
	}
	for _, text := range slices.Concat(
		encoded(base64.RawStdEncoding, secret), encoded(base64.RawURLEncoding, secret), encoded(base64.RawStdEncoding,
			quoted(secret)),
	) {
		all = append(all, form{"in base64", text})
	}
	return all
}

// quoted is a text as it stands between the quotes of JSON.
func quoted(text string) string {
	inside, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string has a JSON
	}
	return string(inside[1 : len(inside)-1])
}

// encoded are the parts of base64 text that are the same wherever the secret stands in the text that was encoded.
func encoded(encoding *base64.Encoding, secret string) []string {
	var forms []string
	for shift := range 3 {
		text := encoding.EncodeToString([]byte(strings.Repeat("-", shift) + secret))
		// The characters at both ends depend on the neighbors as well.
		start := (shift*8 + 5) / 6
		forms = append(forms, text[start:len(text)-2])
	}
	return forms
}

var packed = regexp.MustCompile(`H4sI[A-Za-z0-9+/_-]{40,}`)

// unpack opens what is gzip, and adds to a text what is in it as base64 of gzip. A log that a killed command left ends
// in the middle; what comes before counts.
func unpack(content []byte) []byte {
	if clear := gunzip(content); clear != nil {
		content = clear
	}
	for _, text := range packed.FindAll(content, -1) {
		decoded, err := base64.RawStdEncoding.DecodeString(strings.NewReplacer("-", "+", "_", "/").Replace(string(text)))
		if err == nil {
			content = append(content, gunzip(decoded)...)
		}
	}
	return content
}

func gunzip(content []byte) []byte {
	reader, err := gzip.NewReader(bytes.NewReader(content))
	if err != nil {
		return nil
	}
	clear, _ := io.ReadAll(reader)
	return clear
}

// TestFindSecrets proves that the search would find what it looks for.
func TestFindSecrets(t *testing.T) {
	const secret = "c2VjcmV0IGtleQ+/x\nsecond \"line\" ???"
	zipped := func(text string) []byte {
		var zipped bytes.Buffer
		writer := gzip.NewWriter(&zipped)
		_, err := writer.Write([]byte("some text around: " + text + strings.Repeat(", and more", 20)))
		require.NoError(t, err)
		require.NoError(t, writer.Close())
		return zipped.Bytes()
	}
	std, web := base64.StdEncoding, base64.URLEncoding
	for name, content := range map[string]string{
		"clear":             "x" + secret + "y",
		"JSON":              `{"a":"` + quoted(secret) + `"}`,
		"JSON twice":        `{"a":"{\"b\":\"` + quoted(quoted(secret)) + `\"}"}`,
		"query":             "https://example.com/?a=" + url.QueryEscape(secret),
		"path":              "https://example.com/" + url.PathEscape(secret) + "/x",
		"base64":            std.EncodeToString([]byte(secret)),
		"base64 + 1":        std.EncodeToString([]byte("a" + secret + "b")),
		"base64 + 2":        std.EncodeToString([]byte("ab" + secret + "cd")),
		"URLs' base64":      web.EncodeToString([]byte(secret)),
		"URLs' base64 + 1":  web.EncodeToString([]byte("a" + secret + "b")),
		"base64 of JSON":    std.EncodeToString([]byte(`{"a":"` + quoted(secret) + `"}`)),
		"gzip":              string(zipped(secret)),
		"gzip, cut off":     string(zipped(secret)[:len(zipped(secret))-12]),
		"base64 + gzip":     `"` + std.EncodeToString(zipped(secret)) + `"`,
		"web base64 + gzip": `"` + web.EncodeToString(zipped(secret)) + `"`,
		"base64 + gzip of base64": std.EncodeToString(zipped(
			std.EncodeToString([]byte(secret)))),
		"gzip of base64 + gzip": string(zipped(std.EncodeToString(zipped(secret)))),
	} {
		assert.NotEmpty(t, found([]byte(content), map[string]string{secret: "it"}), name)
	}
	assert.Empty(t, found([]byte("another text"), map[string]string{secret: "it"}))
	// A key is found in a document of another indentation.
	key := "-----BEGIN PRIVATE KEY-----\n" + strings.Repeat("MC4CAQAwBQYDK2VwBCIEIAoB", 2) + "\n-----END PRIVATE KEY-----\n"
	secrets := map[string]string{}
	take(".key", std.EncodeToString([]byte(key)), secrets)
	assert.NotEmpty(t, found([]byte("key: |\n    "+strings.ReplaceAll(key, "\n", "\n    ")), secrets))
}
