//go:build apiserver

package apiserver

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
)

// pod is one that waits. Without a controller manager its namespace has no service account: the test makes it.
func pod(namespace, name string) *corev1.Pod {
	return &corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{"app": name}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "main", Image: "registry.k8s.io/pause:3.10"}}},
	}
}

// object is a typed one of the API.
type object interface {
	metav1.Object
	runtime.Object
}

// create makes an object of the core group in its namespace.
func create(t *testing.T, client *rest.RESTClient, resource string, object object) error {
	t.Helper()
	return client.Post().Namespace(object.GetNamespace()).Resource(resource).Body(object).Do(t.Context()).Error()
}

// TestPodSecurity shows that the admission configuration does what it says: baseline everywhere but in kube-system.
func TestPodSecurity(t *testing.T) {
	s := production(t)
	admin := s.admin(t)
	createServiceAccounts(t, admin)
	privileged := true
	for _, namespace := range []string{"default", "kube-system"} {
		assert.NoError(t, create(t, admin, "pods", pod(namespace, "plain")), namespace)
		strong := pod(namespace, "strong")
		strong.Spec.Containers[0].SecurityContext = &corev1.SecurityContext{Privileged: &privileged}
		err := create(t, admin, "pods", strong)
		if namespace == "kube-system" {
			assert.NoError(t, err)
			continue
		}
		assert.True(t, apierrors.IsForbidden(err), "%v", err)
		assert.ErrorContains(t, err, `violates PodSecurity "baseline:latest": privileged`)
	}
}

// TestNobodyIsUnknown shows that a request without a certificate, or with one of another authority, is not answered.
func TestNobodyIsUnknown(t *testing.T) {
	s := production(t)
	stranger, err := issue(newBundle(t).Certs.K8s, "admin", "system:masters")
	require.NoError(t, err)
	for name, identity := range map[string]rest.TLSClientConfig{
		"no certificate": {}, "another authority": {CertData: stranger.Crt, KeyData: stranger.Key},
	} {
		for _, path := range []string{"/version", "/readyz", "/api/v1/namespaces/kube-public/configmaps"} {
			_, err := s.client(t, identity).Get().AbsPath(path).Do(t.Context()).Raw()
			assert.True(t, apierrors.IsUnauthorized(err), "%s, %s: %v", name, path, err)
		}
	}
	_, err = s.admin(t).Get().AbsPath("/version").Do(t.Context()).Raw()
	assert.NoError(t, err)
}

// TestSecretsAreKept looks for a secret where it must not be: in etcd, but encrypted, and in the audit log, which says
// who wrote it.
func TestSecretsAreKept(t *testing.T) {
	s := production(t)
	admin := s.admin(t)
	const word = "correct-horse-battery-staple"
	secret := &corev1.Secret{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"}, ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "password"},
		StringData: map[string]string{"password": word},
	}
	require.NoError(t, create(t, admin, "secrets", secret))
	var read corev1.Secret
	require.NoError(t, admin.Get().Namespace("default").Resource("secrets").Name("password").Do(t.Context()).Into(&read))
	assert.Equal(t, word, string(read.Data["password"]))

	stored, err := s.etcd.kv.Get(t.Context(), s.prefix+"/secrets/default/password")
	require.NoError(t, err)
	require.Len(t, stored.Kvs, 1)
	assert.True(t, strings.HasPrefix(string(stored.Kvs[0].Value), "k8s:enc:secretbox:v1:key2:"), "the secret is not encrypted")
	assert.NotContains(t, string(stored.Kvs[0].Value), word)

	var log string
	require.Eventually(t, func() bool {
		text, err := os.ReadFile(filepath.Join(s.folder, auditLog))
		log = string(text)
		return err == nil && recordsSecret.MatchString(log)
	}, 10*time.Second, 100*time.Millisecond, "the audit log does not record the secret")
	assert.NotContains(t, log, word)
	assert.NotContains(t, log, base64.StdEncoding.EncodeToString([]byte(word)))
}

// recordsSecret is the line of the audit log that says who wrote a secret.
var recordsSecret = regexp.MustCompile(`"level":"Metadata".*"requestURI":"/api/v1/namespaces/default/secrets\b.*"verb":"create".*"username":"admin"`)

// createServiceAccounts makes the accounts that pods run as by default, as the controller manager does.
func createServiceAccounts(t *testing.T, admin *rest.RESTClient) {
	t.Helper()
	for _, namespace := range []string{"default", "kube-system"} {
		require.EventuallyWithT(t, func(c *assert.CollectT) {
			err := create(t, admin, "serviceaccounts", &corev1.ServiceAccount{
				TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "ServiceAccount"},
				ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "default"},
			})
			assert.NoError(c, err)
		}, 30*time.Second, 200*time.Millisecond)
	}
}
