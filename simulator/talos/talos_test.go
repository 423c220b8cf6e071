package talos

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/inferadb/infra/simulator/schema"
	"github.com/inferadb/infra/simulator/store"
	"github.com/siderolabs/talos/pkg/machinery/config/machine"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

func TestClusterComesUp(t *testing.T) {
	h := newHarness(t)
	for name, status := range h.report() {
		assert.True(t, status.Booted, name)
		assert.False(t, status.Joined, name)
		assert.Contains(t, status.Reason, "has not been bootstrapped", name)
	}
	h.bootstrap()
	statuses := h.report()
	assert.Len(t, statuses, 5)
	for name, status := range statuses {
		assert.True(t, status.Joined, "%s: %s", name, status.Reason)
		assert.Equal(t, "test", status.Cluster, name)
	}
	assert.Equal(t, "controlplane", statuses["cp-1"].Role)
	assert.Equal(t, "worker", statuses["worker-1"].Role)
}

func TestBoot(t *testing.T) {
	bundle := ours()
	worker := documentOf(t, bundle, machine.TypeWorker)
	tests := map[string]struct{ userData, reason string }{
		"plain":       {worker, ""},
		"gzip":        {zipped(t, worker), ""},
		"nothing":     {"", "maintenance mode"},
		"broken gzip": {zipped(t, worker)[:200], "unzipping"},
		"no yaml":     {"\tmachine:", "failed to load config"},
		"unknown key": {strings.Replace(worker, "machine:\n", "machine:\n    nonsense: 1\n", 1), "nonsense"},
		"no v1alpha1": {"apiVersion: v1alpha1\nkind: HostnameConfig\nauto: stable\n", "no v1alpha1 document"},
		"etcd on a worker": {
			strings.Replace(worker, "cluster:\n", "cluster:\n    etcd: {subnet: 10.0.0.0/8}\n", 1), "etcd config is only allowed on control plane"},
		"unsupported kubelet": {
			strings.ReplaceAll(worker, "kubelet:v1.35.0", "kubelet:v1.20.0"), "version of Kubernetes 1.20.0 is too old"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			h.start("subject", test.userData)
			status := h.report()["subject"]
			assert.Equal(t, test.reason == "", status.Booted, status.Reason)
			if test.reason != "" {
				assert.Contains(t, status.Reason, test.reason)
			}
		})
	}
}

func TestUserDataCountsAtTheFirstBootOnly(t *testing.T) {
	h := newHarness(t)
	h.bootstrap()
	for i := range h.machines {
		h.machines[i].UserData = []byte("replaced in place")
	}
	for name, status := range h.report() {
		assert.True(t, status.Joined, "%s: %s", name, status.Reason)
	}
}

func TestNetworkKeepsNodesOut(t *testing.T) {
	tests := map[string]struct {
		blocked      string
		node, reason string
	}{
		"api":       {"worker-1>cp-2:6443", "worker-1", "api.test.internal:6443"},
		"etcd":      {"cp-3>cp-1:2379", "cp-3", "etcd: cp-3 to cp-1:2379"},
		"etcd peer": {"cp-1>cp-3:2380", "cp-3", "etcd: cp-1 to cp-3:2380"},
		"kubelet":   {"worker-2>worker-1:10250", "worker-1", "worker-2 to worker-1:10250"},
		"talos":     {"cp-2>worker-1:50000", "worker-1", "cp-2 to worker-1:50000"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			h.blocked[test.blocked] = true
			h.bootstrap()
			statuses := h.report()
			assert.False(t, statuses[test.node].Joined)
			assert.Contains(t, statuses[test.node].Reason, test.reason)
			assert.True(t, statuses["worker-2"].Joined, statuses["worker-2"].Reason)
		})
	}
}

// A machine's own firewall counts as the network's does. The harness's machines are 10.0.0.1 to 10.0.0.5, subject is
// the sixth.
func TestMachinesFirewallKeepsNodesOut(t *testing.T) {
	rule := func(port, ingress string) string {
		return "apiVersion: v1alpha1\nkind: NetworkRuleConfig\nname: rule-" + port + "\nportSelector: {ports: [" + port + "], protocol: tcp}\ningress: [" + ingress + "]\n"
	}
	const block, everyone = "apiVersion: v1alpha1\nkind: NetworkDefaultActionConfig\ningress: block\n---\n", "{subnet: 10.0.0.0/24}"
	for name, test := range map[string]struct {
		patch, reason string
		applies       bool
	}{
		"nodes":            {rule("50000", everyone), "", true},
		"others":           {rule("50000", "{subnet: 10.9.0.0/16}"), "the firewall of subject drops what comes from 10.0.0.1 to port 50000", false},
		"all but one":      {rule("50000", "{subnet: 10.0.0.0/24, except: 10.0.0.2/32}"), "the firewall of subject drops what comes from 10.0.0.2 to port 50000", false},
		"nobody":           {rule("10250", ""), "the firewall of subject drops what comes from 10.0.0.1 to port 10250", true},
		"block all":        {block + rule("22", everyone), "the firewall of subject drops what comes from 10.0.0.1 to port", false},
		"block all but it": {block + rule("10250", everyone) + "---\n" + rule("50000", everyone), "", true},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			h.start("subject", h.document(machine.TypeWorker, test.patch))
			h.bootstrap()
			status := h.report()["subject"]
			assert.Equal(t, test.reason == "", status.Joined, status.Reason)
			assert.Contains(t, status.Reason, test.reason)
			err := h.do(apply, h.call("subject", store.Values{"machineConfigurationInput": h.document(machine.TypeWorker), "endpoint": h.address("cp-2")}))
			assert.Equal(t, test.applies, err == nil, "through cp-2: %v", err)
		})
	}
}

func TestWorkerNeedsOneTrustd(t *testing.T) {
	h := newHarness(t)
	h.bootstrap()
	h.blocked["worker-1>cp-1:50001"], h.blocked["worker-1>cp-2:50001"] = true, true
	assert.True(t, h.report()["worker-1"].Joined)
	h.blocked["worker-1>cp-3:50001"] = true
	assert.Contains(t, h.report()["worker-1"].Reason, "trustd: worker-1 to cp-1:50001")
}

func TestStrangersDoNotJoin(t *testing.T) {
	tests := map[string]struct{ document, reason string }{}
	h := newHarness(t)
	tests["of another cluster"] = struct{ document, reason string }{
		documentOf(t, strangers(), machine.TypeWorker), "has not been bootstrapped"}
	tests["other token"] = struct{ document, reason string }{
		h.document(machine.TypeWorker, "cluster: {token: abcdef.0123456789abcdef}"), "unknown bootstrap token"}
	tests["other machine token"] = struct{ document, reason string }{
		h.document(machine.TypeWorker, "machine: {token: abcdef.0123456789abcdef}"), "refuses the machine token"}
	tests["other secret"] = struct{ document, reason string }{
		h.document(machine.TypeWorker, "cluster: {secret: AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=}"), "of another cluster"}
	tests["other name"] = struct{ document, reason string }{
		h.document(machine.TypeWorker, "cluster: {controlPlane: {endpoint: 'https://alias:6443'}}"), "certificate is valid for"}
	tests["newer kubelet"] = struct{ document, reason string }{
		strings.ReplaceAll(h.document(machine.TypeWorker), "kubelet:v1.35.0", "kubelet:v1.37.0"), "too new"}
	h.names["alias"] = h.names[endpoint]
	h.bootstrap()
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			h.start(name, test.document)
			status := h.report()[name]
			assert.False(t, status.Joined)
			assert.Contains(t, status.Reason, test.reason)
		})
	}
}

func TestKubeletIsNotNewerThanTheServer(t *testing.T) {
	h := newHarness(t)
	h.bootstrap()
	for _, cp := range []string{"cp-1", "cp-2", "cp-3"} {
		older := strings.NewReplacer("kube-apiserver:v1.35.0", "kube-apiserver:v1.34.0", "kubelet:v1.35.0", "kubelet:v1.34.0")
		document := older.Replace(h.document(machine.TypeControlPlane))
		require.NoError(t, h.do(apply, h.call(cp, store.Values{"machineConfigurationInput": document})))
	}
	statuses := h.report()
	assert.True(t, statuses["cp-1"].Joined, statuses["cp-1"].Reason)
	assert.Contains(t, statuses["worker-1"].Reason, "kubelet 1.35.0 does not work with the API server 1.34.0")
}

func TestControlPlanesReplacedOneByOneKeepTheCluster(t *testing.T) {
	h := newHarness(t)
	h.bootstrap()
	h.report()
	h.stop("cp-1")
	h.start("cp-4", h.document(machine.TypeControlPlane))
	h.names[endpoint] = []string{"cp-2", "cp-3", "cp-4"}
	for name, status := range h.report() {
		assert.True(t, status.Joined, "%s: %s", name, status.Reason)
	}
}

func TestControlPlanesReplacedTogetherLoseTheCluster(t *testing.T) {
	h := newHarness(t)
	h.bootstrap()
	h.report()
	h.stop("cp-1", "cp-2", "cp-3")
	for _, name := range []string{"cp-4", "cp-5", "cp-6"} {
		h.start(name, h.document(machine.TypeControlPlane))
	}
	h.names[endpoint] = []string{"cp-4", "cp-5", "cp-6"}
	for name, status := range h.report() {
		assert.Contains(t, status.Reason, "etcd has lost its quorum: 0 of 3", name)
	}
}

func TestBootstrapRefuses(t *testing.T) {
	tests := map[string]struct {
		prepare func(*harness, *schema.Call)
		node    string
		reason  string
		retried bool
	}{
		"a worker": {node: "worker-1", reason: "FailedPrecondition desc = bootstrap can only be performed on a control plane"},
		"a second time": {node: "cp-1", reason: "AlreadyExists desc = etcd data directory is not empty",
			prepare: func(h *harness, _ *schema.Call) { h.bootstrap() }},
		"another node": {node: "cp-2", reason: "AlreadyExists", prepare: func(h *harness, _ *schema.Call) { h.bootstrap() }},
		"a machine that is gone": {node: "cp-1", reason: "no such machine", retried: true,
			prepare: func(h *harness, _ *schema.Call) { h.stop("cp-1") }},
		"a machine without configuration": {node: "cp-1", reason: "has not booted", retried: true,
			prepare: func(h *harness, _ *schema.Call) { h.machines[0].UserData = nil }},
		"a firewall": {node: "cp-1", reason: "10.0.0.1:50000: the firewall drops it", retried: true,
			prepare: func(h *harness, _ *schema.Call) { h.blocked[">cp-1:50000"] = true }},
		"another cluster's client": {node: "cp-1", reason: "certificate signed by unknown authority", retried: true,
			prepare: func(h *harness, c *schema.Call) { c.Inputs["clientConfiguration"] = client(h.t, strangers()) }},
		"a client that it did not sign": {node: "cp-1", reason: "remote error: tls: bad certificate", retried: true,
			prepare: func(h *harness, c *schema.Call) {
				forged := client(h.t, strangers())
				forged["caCertificate"] = client(h.t, h.bundle)["caCertificate"]
				c.Inputs["clientConfiguration"] = forged
			}},
		"an endpoint without machines": {node: "cp-1", reason: "the cluster's endpoint api.test.internal:6443: no such machine",
			retried: true, prepare: func(h *harness, _ *schema.Call) { h.names[endpoint] = nil }},
		"an endpoint that leads to workers": {node: "cp-1", reason: "leads to no control plane", retried: true,
			prepare: func(h *harness, _ *schema.Call) { h.names[endpoint] = []string{"worker-1"} }},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			call := h.call(test.node, nil)
			if test.prepare != nil {
				test.prepare(h, call)
			}
			err := h.do(createBootstrap, call)
			require.ErrorContains(t, err, test.reason)
			assert.Equal(t, test.retried, errors.As(err, &retry{}))
		})
	}
}

func TestTimeoutsFailTooLate(t *testing.T) {
	h := newHarness(t)
	call := h.call("cp-1", store.Values{"timeouts": map[string]any{"create": "5m"}})
	require.ErrorContains(t, h.do(createBootstrap, call), "failed recovering value for turnaround check")
	assert.True(t, h.report()["cp-1"].Joined, "the cluster is bootstrapped all the same")
	require.ErrorContains(t, h.do(createBootstrap, h.call("cp-1", nil)), "AlreadyExists")
}

func TestBootstrapUpdateChangesTheStateOnly(t *testing.T) {
	h := newHarness(t)
	call := h.call("cp-2", nil)
	require.NoError(t, h.do(updateState, call))
	assert.Equal(t, h.address("cp-2"), call.State["endpoint"])
	assert.Contains(t, h.report()["cp-2"].Reason, "not been bootstrapped")
}

func TestKubeconfig(t *testing.T) {
	h := newHarness(t)
	err := h.do(createKubeconfig, h.call("cp-1", nil))
	require.ErrorContains(t, err, "the Kubernetes API does not run: the cluster has not been bootstrapped")
	assert.ErrorAs(t, err, &retry{})
	h.bootstrap()
	call := h.call("cp-2", nil)
	require.NoError(t, h.do(createKubeconfig, call))
	file, err := clientcmd.Load([]byte(call.State.String("kubeconfigRaw")))
	require.NoError(t, err)
	require.Equal(t, "admin@test", file.CurrentContext)
	context := file.Contexts[file.CurrentContext]
	assert.Equal(t, "https://api.test.internal:6443", file.Clusters[context.Cluster].Server)
	assert.Equal(t, strings.TrimSpace(string(h.bundle.Certs.K8s.Crt)),
		strings.TrimSpace(string(file.Clusters[context.Cluster].CertificateAuthorityData)))
	block, _ := pem.Decode(file.AuthInfos[context.AuthInfo].ClientCertificateData)
	certificate, err := x509.ParseCertificate(block.Bytes)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(file.Clusters[context.Cluster].CertificateAuthorityData)
	_, err = certificate.Verify(x509.VerifyOptions{Roots: roots,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	require.NoError(t, err)
	assert.Equal(t, []string{"system:masters"}, certificate.Subject.Organization)
	configuration := call.State.Object("kubernetesClientConfiguration")
	assert.Equal(t, "https://api.test.internal:6443", configuration.String("host"))
	key, err := base64.StdEncoding.DecodeString(configuration.String("clientKey"))
	require.NoError(t, err)
	assert.Equal(t, file.AuthInfos[context.AuthInfo].ClientKeyData, key)
	require.ErrorContains(t, h.do(createKubeconfig, h.call("worker-1", nil)), "only available on control plane nodes")
}

func TestApply(t *testing.T) {
	h := newHarness(t)
	worker, controlPlane := h.document(machine.TypeWorker), h.document(machine.TypeControlPlane)
	label, disk := "machine: {nodeLabels: {a: b}}", "machine: {env: {A: b}}"
	tests := map[string]struct {
		node   string
		inputs store.Values
		mode   string // that the provider resolves to
		reason string
	}{
		"a label":                 {"worker-1", store.Values{"configPatches": store.List(label), "applyMode": "no_reboot"}, "no_reboot", ""},
		"with a reboot":           {"worker-1", store.Values{"configPatches": store.List(disk)}, "auto", ""},
		"refused reboot":          {"worker-2", store.Values{"configPatches": store.List(disk), "applyMode": "no_reboot"}, "", "can't be applied in immediate mode"},
		"staged if needed":        {"worker-2", store.Values{"configPatches": store.List(disk), "applyMode": "staged_if_needing_reboot"}, "staged", ""},
		"not needed":              {"worker-2", store.Values{"configPatches": store.List(label), "applyMode": "staged_if_needing_reboot"}, "auto", ""},
		"through a control plane": {"worker-2", store.Values{"endpoint": h.address("cp-1")}, "auto", ""},
		"through a worker":        {"worker-2", store.Values{"endpoint": h.address("worker-1")}, "", "no request forwarding"},
		"not valid":               {"worker-2", store.Values{"machineConfigurationInput": "machine: {type: worker}"}, "", "InvalidArgument"},
		"for another cluster": {"cp-2", store.Values{"clientConfiguration": client(t, strangers()),
			"machineConfigurationInput": controlPlane}, "", "certificate signed by unknown authority"},
	}
	for _, name := range slices.Sorted(maps.Keys(tests)) { // in order: they share machines
		test := tests[name]
		t.Run(name, func(t *testing.T) {
			inputs := store.Values{"machineConfigurationInput": worker}
			maps.Copy(inputs, test.inputs)
			call := h.call(test.node, inputs)
			err := h.do(apply, call)
			if test.reason != "" {
				require.ErrorContains(t, err, test.reason)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, test.mode, call.State["resolvedApplyMode"])
			assert.Equal(t, len(call.Inputs.Strings("configPatches")) == 0, call.State["machineConfiguration"] == worker)
		})
	}
}

func TestAppliedNamesAreInTheCertificate(t *testing.T) {
	h := newHarness(t)
	h.bootstrap()
	h.names["balancer"] = h.names[endpoint]
	reach := func() error {
		return h.journal.Do(func(st *store.Store) error {
			c, err := observe(h, st)
			if err != nil {
				return err
			}
			_, err = c.kubernetes(nil, "balancer", func(*node) error { return nil })
			return err
		})
	}
	require.ErrorContains(t, reach(), "certificate is valid for 10.0.0.1, cp-1, api.test.internal, not balancer")
	for _, cp := range []string{"cp-1", "cp-2", "cp-3"} {
		document := h.document(machine.TypeControlPlane, "cluster: {apiServer: {certSANs: [balancer]}}")
		require.NoError(t, h.do(apply, h.call(cp, store.Values{"machineConfigurationInput": document})))
	}
	require.NoError(t, reach())
}

func TestStagedWaitsForAReboot(t *testing.T) {
	h := newHarness(t)
	document := h.document(machine.TypeWorker, "cluster: {token: abcdef.0123456789abcdef}")
	h.bootstrap()
	require.NoError(t, h.do(apply, h.call("worker-1", store.Values{"machineConfigurationInput": document, "applyMode": "staged"})))
	assert.True(t, h.report()["worker-1"].Joined)
	require.NoError(t, h.do(apply, h.call("worker-1", store.Values{"machineConfigurationInput": document})))
	assert.False(t, h.report()["worker-1"].Joined)
}

func TestPatchesThatTheProviderRefuses(t *testing.T) {
	h := newHarness(t)
	for patch, reason := range map[string]string{
		"":                                    "error loading config patches",
		"machine: {nonsense: 1}":              "nonsense",
		"cluster: [1]":                        "error loading config patches",
		`[{"op":"remove","path":"/machine"}]`: "JSON6902 patches are not supported for multi-document machine configuration",
	} {
		call := h.call("worker-1", store.Values{
			"machineConfigurationInput": h.document(machine.TypeWorker), "configPatches": store.List(patch)})
		problems := checkApply(call)
		require.Len(t, problems, 1, "%q", patch)
		assert.Contains(t, problems[0].Reason, reason)
	}
	unknown := h.call("worker-1", store.Values{"machineConfigurationInput": store.Unknown, "configPatches": store.List("")})
	assert.Empty(t, checkApply(unknown), "an unknown configuration cannot be judged yet")
}

func TestSecrets(t *testing.T) {
	call := &schema.Call{Inputs: store.Values{"talosVersion": "v1.12.1"}, State: store.Values{}}
	require.NoError(t, createSecrets(call))
	var leaves []string
	walk("", Provider().Resources["talos:machine/secrets:Secrets"].Fields, call.State, func(path string, field schema.Field, value any) {
		assert.NotEmpty(t, value, path)
		if field.Secret {
			leaves = append(leaves, path)
		}
	})
	slices.Sort(leaves)
	assert.Equal(t, []string{
		"clientConfiguration.clientKey",
		"machineSecrets.certs.etcd.key", "machineSecrets.certs.k8s.key", "machineSecrets.certs.k8sAggregator.key",
		"machineSecrets.certs.k8sServiceaccount.key", "machineSecrets.certs.os.key",
		"machineSecrets.cluster.secret",
		"machineSecrets.secrets.bootstrapToken", "machineSecrets.secrets.secretboxEncryptionSecret",
		"machineSecrets.trustdinfo.token",
	}, leaves, "these and no others are marked by the provider")
	_, err := readCredentials(call.State.Object("clientConfiguration"))
	assert.NoError(t, err)
}

// walk visits every text, and fails on what the fields do not declare.
func walk(path string, fields schema.Fields, values store.Values, visit func(string, schema.Field, any)) {
	for name, value := range values {
		field, declared := fields[name]
		if !declared {
			panic(fmt.Sprintf("%s%s is not declared", path, name))
		}
		if object, ok := value.(map[string]any); ok {
			walk(path+name+".", field.Properties, object, visit)
		} else {
			visit(path+name, field, value)
		}
	}
}

func TestSecretsAreReplacedByALowerVersionOnly(t *testing.T) {
	for _, test := range []struct {
		from, to string
		replaced bool
	}{
		{"v1.12.1", "v1.12.0", true}, {"v1.12", "v1.11", true}, {"1.12.1", "v1.11.9", true},
		{"v1.12.0", "v1.12.1", false}, {"v1.12", "1.12.0", false}, {"v1.11", "v1.12", false},
	} {
		call := &schema.Call{Inputs: store.Values{"talosVersion": test.to}, State: store.Values{"talosVersion": test.from}}
		replaced := replaceLowered(call, []string{"talosVersion"})
		assert.Equal(t, test.replaced, len(replaced) == 1, "%s to %s", test.from, test.to)
	}
	problems := checkTalosVersion(&schema.Call{Inputs: store.Values{"talosVersion": "latest"}})
	assert.Len(t, problems, 1)
}

func TestReach(t *testing.T) {
	h := newHarness(t)
	h.bootstrap()
	call := h.call("cp-1", nil)
	require.NoError(t, h.do(createKubeconfig, call))
	reach := func(change func(*clientcmdapi.Config)) (answered string, err error) {
		file, err := clientcmd.Load([]byte(call.State.String("kubeconfigRaw")))
		require.NoError(t, err)
		change(file)
		require.NoError(t, h.journal.Do(func(st *store.Store) error {
			answered, err = Reach(h, st, file, "admin@test")
			return nil
		}))
		return answered, err
	}
	answered, err := reach(func(*clientcmdapi.Config) {})
	require.NoError(t, err)
	assert.Equal(t, "cp-3", answered)
	for reason, change := range map[string]func(*clientcmdapi.Config){
		"no complete context":  func(c *clientcmdapi.Config) { c.Contexts = nil },
		"not an https address": func(c *clientcmdapi.Config) { c.Clusters["test"].Server = "https://" + endpoint },
		"no such machine":      func(c *clientcmdapi.Config) { c.Clusters["test"].Server = "https://elsewhere:6443" },
		"unknown authority":    func(c *clientcmdapi.Config) { c.Clusters["test"].CertificateAuthorityData = strangers().Certs.K8s.Crt },
		"tls: bad certificate": func(c *clientcmdapi.Config) {
			c.AuthInfos["admin@test"].ClientCertificateData = strangers().Certs.K8s.Crt
		},
		"certificate is not PEM": func(c *clientcmdapi.Config) { c.AuthInfos["admin@test"].ClientCertificateData = nil },
	} {
		_, err := reach(change)
		assert.ErrorContains(t, err, reason)
	}
	h.names["balancer"] = h.names[endpoint]
	_, err = reach(func(c *clientcmdapi.Config) { c.Clusters["test"].Server = "https://balancer:6443" })
	assert.ErrorContains(t, err, "not balancer")
}
