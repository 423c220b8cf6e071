package lifecycle

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/inferadb/infra/operate/operatetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// restoredCluster is the one of staging.
const restoredCluster = "inferadb-staging-nyc1"

// TestRestoreEtcd loses two of three control planes, and later the etcd of two whose machines stay. Both times the
// operations page gets the cluster back from a snapshot, on each cloud, and what the stack's state says is still right.
func TestRestoreEtcd(t *testing.T) {
	takesLong(t)
	for _, cloud := range clouds {
		t.Run(cloud, func(t *testing.T) {
			t.Parallel()
			s := newStack(t, "staging", cloud)
			s.set("pools", `[{"name":"data","size":"small","count":1,"workload":"stateful"}]`)
			s.up()
			sections, o := readSections(t, operationsPage), newOperator(s, cloud)
			storage := o.chooseBucket()
			o.chosen["inferadb-production-nyc1"] = restoredCluster
			follow := func(heading string) {
				p := procedure{heading: heading}
				if heading == "Restore etcd" {
					p.nodes = workers
				}
				o.follow(p, sections[heading])
			}
			follow("Before you begin")
			o.exports += s.serveNodes() + "\n"
			o.eventuallyWell()
			o.writes("before")
			follow("Save etcd")
			o.chooseSnapshot(storage)
			o.writes("after")
			out, err := o.shell(strings.NewReplacer("production", "staging", "<snapshot>", o.chosen["<snapshot>"]).Replace(sections["Restore etcd"][0].text))
			require.Error(t, err)
			assert.Contains(t, out, "etcd lives")
			assert.True(t, o.has("after"), "nothing was changed")
			o.answers = restoredCluster + "\n"

			o.losesMachines("0", "2")
			follow("Recover lost control planes")
			follow("Restore etcd")
			assert.True(t, o.has("before"))
			assert.False(t, o.has("after"), "it was written after the snapshot")
			o.nothingToDo()

			o.losesData("0", "1")
			follow("Restore etcd")
			assert.True(t, o.has("before"))
			o.nothingToDo()
			s.settled()
		})
	}
}

// eventuallyWell waits until the nodes that the daemon has just started are what status wants.
func (o *operator) eventuallyWell() {
	o.t.Helper()
	out := ""
	require.Eventually(o.t, func() bool {
		said, err := o.shell("make status STACK=staging")
		out = said
		return err == nil
	}, time.Minute, time.Second, "%s", &out)
}

// losesMachines terminates control planes behind the program's back. An up does not make them anew.
func (o *operator) losesMachines(numbers ...string) {
	o.t.Helper()
	for _, number := range numbers {
		o.must("simulator", "terminate", restoredCluster+"-control-plane-"+number)
	}
	o.run("a refresh", "make refresh STACK=staging")
	out, err := o.shell("make up STACK=staging")
	require.Error(o.t, err)
	assert.Contains(o.t, out, "etcd-restore:"+restoredCluster)
}

// losesData takes etcd's data from control planes while a majority of them is down, so that they do not join again.
func (o *operator) losesData(numbers ...string) {
	o.t.Helper()
	for _, number := range numbers {
		o.must("simulator", "fault", restoredCluster+"-control-plane-"+number, "etcd-down")
	}
	for _, number := range numbers {
		address := o.addressOf(restoredCluster + "-control-plane-" + number)
		o.run("a reset", "talosctl -n "+address+" reset --graceful=false --reboot --system-labels-to-wipe EPHEMERAL")
	}
	for _, number := range numbers {
		o.must("simulator", "fault", restoredCluster+"-control-plane-"+number, "none")
	}
	require.Eventually(o.t, func() bool {
		out, _ := o.shell(".bin/infra status --stack staging")
		return strings.Contains(out, "etcd has lost its quorum") || strings.Contains(out, "no control plane's etcd answers")
	}, time.Minute, time.Second)
}

func (o *operator) must(command string, arguments ...string) {
	o.t.Helper()
	_, err := o.try(nil, command, arguments...)
	require.NoError(o.t, err)
}

// chooseBucket has a folder stand in for the bucket of the page, or Google Cloud's storage, which it returns.
func (o *operator) chooseBucket() *operatetest.GoogleStorage {
	const bucket = "s3://inferadb-pulumi-state-production/etcd?region=us-east-1"
	if o.cloud != "gcp" {
		o.chosen[bucket] = "file://" + o.path("bucket")
		return nil
	}
	storage := operatetest.NewGoogleStorage(o.t)
	o.exports += "export STORAGE_EMULATOR_HOST=" + storage.Host + "\n"
	o.chosen[bucket] = "gs://bucket/etcd"
	return storage
}

// chooseSnapshot takes the one in the bucket, which is the later one.
func (o *operator) chooseSnapshot(storage *operatetest.GoogleStorage) {
	o.t.Helper()
	for _, folder := range []string{"backups", "bucket"} {
		files, err := filepath.Glob(o.path(folder, restoredCluster+"-*.etcd-snapshot"))
		require.NoError(o.t, err)
		if folder == "bucket" && storage != nil {
			for name := range storage.Objects() {
				files = append(files, "gs://bucket/"+name)
			}
		}
		require.Len(o.t, files, 1)
		o.chosen["<snapshot>"] = files[0]
	}
}

// client speaks to the cluster's Kubernetes API as the operator does.
func (o *operator) client() *kubernetes.Clientset {
	o.t.Helper()
	text, err := os.ReadFile(o.path("staging.kubeconfig"))
	require.NoError(o.t, err)
	config, err := clientcmd.RESTConfigFromKubeConfig(text)
	require.NoError(o.t, err)
	proxy, err := url.Parse(regexp.MustCompile(`http://[\w.:]+`).FindString(o.exports[strings.LastIndex(o.exports, "HTTPS_PROXY"):]))
	require.NoError(o.t, err)
	config.Proxy, config.Timeout = http.ProxyURL(proxy), 30*time.Second
	client, err := kubernetes.NewForConfig(config)
	require.NoError(o.t, err)
	return client
}

// writes makes an object in Kubernetes.
func (o *operator) writes(name string) {
	o.t.Helper()
	object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}}
	_, err := o.client().CoreV1().ConfigMaps("default").Create(o.t.Context(), object, metav1.CreateOptions{})
	require.NoError(o.t, err)
}

func (o *operator) has(name string) bool {
	o.t.Helper()
	list, err := o.client().CoreV1().ConfigMaps("default").List(o.t.Context(), metav1.ListOptions{})
	require.NoError(o.t, err)
	for _, object := range list.Items {
		if object.Name == name {
			return true
		}
	}
	return false
}
