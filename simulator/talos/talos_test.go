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

	"github.com/inferadb/infra/simulator/catalogue"
	"github.com/inferadb/infra/simulator/world"
	"github.com/siderolabs/talos/pkg/machinery/config/machine"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

func TestClusterComesUp(t *testing.T) {
	l := newLab(t)
	for name, status := range l.report() {
		assert.True(t, status.Booted, name)
		assert.False(t, status.Joined, name)
		assert.Contains(t, status.Reason, "has not been bootstrapped", name)
	}
	l.bootstrap()
	statuses := l.report()
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
			l := newLab(t)
			l.start("subject", test.userData)
			status := l.report()["subject"]
			assert.Equal(t, test.reason == "", status.Booted, status.Reason)
			if test.reason != "" {
				assert.Contains(t, status.Reason, test.reason)
			}
		})
	}
}

func TestUserDataCountsAtTheFirstBootOnly(t *testing.T) {
	l := newLab(t)
	l.bootstrap()
	for i := range l.machines {
		l.machines[i].UserData = []byte("replaced in place")
	}
	for name, status := range l.report() {
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
			l := newLab(t)
			l.blocked[test.blocked] = true
			l.bootstrap()
			statuses := l.report()
			assert.False(t, statuses[test.node].Joined)
			assert.Contains(t, statuses[test.node].Reason, test.reason)
			assert.True(t, statuses["worker-2"].Joined, statuses["worker-2"].Reason)
		})
	}
}

// A machine's own firewall counts as the network's does. The lab's machines are 10.0.0.1 to 10.0.0.5, subject is the sixth.
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
			l := newLab(t)
			l.start("subject", l.document(machine.TypeWorker, test.patch))
			l.bootstrap()
			status := l.report()["subject"]
			assert.Equal(t, test.reason == "", status.Joined, status.Reason)
			assert.Contains(t, status.Reason, test.reason)
			err := l.do(apply, l.call("subject", world.Values{"machineConfigurationInput": l.document(machine.TypeWorker), "endpoint": l.address("cp-2")}))
			assert.Equal(t, test.applies, err == nil, "through cp-2: %v", err)
		})
	}
}

func TestWorkerNeedsOneTrustd(t *testing.T) {
	l := newLab(t)
	l.bootstrap()
	l.blocked["worker-1>cp-1:50001"], l.blocked["worker-1>cp-2:50001"] = true, true
	assert.True(t, l.report()["worker-1"].Joined)
	l.blocked["worker-1>cp-3:50001"] = true
	assert.Contains(t, l.report()["worker-1"].Reason, "trustd: worker-1 to cp-1:50001")
}

func TestStrangersDoNotJoin(t *testing.T) {
	tests := map[string]struct{ document, reason string }{}
	l := newLab(t)
	tests["of another cluster"] = struct{ document, reason string }{
		documentOf(t, strangers(), machine.TypeWorker), "has not been bootstrapped"}
	tests["other token"] = struct{ document, reason string }{
		l.document(machine.TypeWorker, "cluster: {token: abcdef.0123456789abcdef}"), "unknown bootstrap token"}
	tests["other machine token"] = struct{ document, reason string }{
		l.document(machine.TypeWorker, "machine: {token: abcdef.0123456789abcdef}"), "refuses the machine token"}
	tests["other secret"] = struct{ document, reason string }{
		l.document(machine.TypeWorker, "cluster: {secret: AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=}"), "of another cluster"}
	tests["other name"] = struct{ document, reason string }{
		l.document(machine.TypeWorker, "cluster: {controlPlane: {endpoint: 'https://alias:6443'}}"), "certificate is valid for"}
	tests["newer kubelet"] = struct{ document, reason string }{
		strings.ReplaceAll(l.document(machine.TypeWorker), "kubelet:v1.35.0", "kubelet:v1.37.0"), "too new"}
	l.names["alias"] = l.names[endpoint]
	l.bootstrap()
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			l.start(name, test.document)
			status := l.report()[name]
			assert.False(t, status.Joined)
			assert.Contains(t, status.Reason, test.reason)
		})
	}
}

func TestKubeletIsNotNewerThanTheServer(t *testing.T) {
	l := newLab(t)
	l.bootstrap()
	for _, cp := range []string{"cp-1", "cp-2", "cp-3"} {
		older := strings.NewReplacer("kube-apiserver:v1.35.0", "kube-apiserver:v1.34.0", "kubelet:v1.35.0", "kubelet:v1.34.0")
		document := older.Replace(l.document(machine.TypeControlPlane))
		require.NoError(t, l.do(apply, l.call(cp, world.Values{"machineConfigurationInput": document})))
	}
	statuses := l.report()
	assert.True(t, statuses["cp-1"].Joined, statuses["cp-1"].Reason)
	assert.Contains(t, statuses["worker-1"].Reason, "kubelet 1.35.0 does not work with the API server 1.34.0")
}

func TestControlPlanesReplacedOneByOneKeepTheCluster(t *testing.T) {
	l := newLab(t)
	l.bootstrap()
	l.report()
	l.stop("cp-1")
	l.start("cp-4", l.document(machine.TypeControlPlane))
	l.names[endpoint] = []string{"cp-2", "cp-3", "cp-4"}
	for name, status := range l.report() {
		assert.True(t, status.Joined, "%s: %s", name, status.Reason)
	}
}

func TestControlPlanesReplacedTogetherLoseTheCluster(t *testing.T) {
	l := newLab(t)
	l.bootstrap()
	l.report()
	l.stop("cp-1", "cp-2", "cp-3")
	for _, name := range []string{"cp-4", "cp-5", "cp-6"} {
		l.start(name, l.document(machine.TypeControlPlane))
	}
	l.names[endpoint] = []string{"cp-4", "cp-5", "cp-6"}
	for name, status := range l.report() {
		assert.Contains(t, status.Reason, "etcd has lost its quorum: 0 of 3", name)
	}
}

func TestBootstrapRefuses(t *testing.T) {
	tests := map[string]struct {
		prepare func(*lab, *catalogue.Call)
		node    string
		reason  string
		retried bool
	}{
		"a worker": {node: "worker-1", reason: "FailedPrecondition desc = bootstrap can only be performed on a control plane"},
		"a second time": {node: "cp-1", reason: "AlreadyExists desc = etcd data directory is not empty",
			prepare: func(l *lab, _ *catalogue.Call) { l.bootstrap() }},
		"another node": {node: "cp-2", reason: "AlreadyExists", prepare: func(l *lab, _ *catalogue.Call) { l.bootstrap() }},
		"a machine that is gone": {node: "cp-1", reason: "no such machine", retried: true,
			prepare: func(l *lab, _ *catalogue.Call) { l.stop("cp-1") }},
		"a machine without configuration": {node: "cp-1", reason: "has not booted", retried: true,
			prepare: func(l *lab, _ *catalogue.Call) { l.machines[0].UserData = nil }},
		"a firewall": {node: "cp-1", reason: "10.0.0.1:50000: the firewall drops it", retried: true,
			prepare: func(l *lab, _ *catalogue.Call) { l.blocked[">cp-1:50000"] = true }},
		"another cluster's client": {node: "cp-1", reason: "certificate signed by unknown authority", retried: true,
			prepare: func(l *lab, c *catalogue.Call) { c.Inputs["clientConfiguration"] = client(l.t, strangers()) }},
		"a client that it did not sign": {node: "cp-1", reason: "remote error: tls: bad certificate", retried: true,
			prepare: func(l *lab, c *catalogue.Call) {
				forged := client(l.t, strangers())
				forged["caCertificate"] = client(l.t, l.bundle)["caCertificate"]
				c.Inputs["clientConfiguration"] = forged
			}},
		"an endpoint without machines": {node: "cp-1", reason: "the cluster's endpoint api.test.internal:6443: no such machine",
			retried: true, prepare: func(l *lab, _ *catalogue.Call) { l.names[endpoint] = nil }},
		"an endpoint that leads to workers": {node: "cp-1", reason: "leads to no control plane", retried: true,
			prepare: func(l *lab, _ *catalogue.Call) { l.names[endpoint] = []string{"worker-1"} }},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			call := l.call(test.node, nil)
			if test.prepare != nil {
				test.prepare(l, call)
			}
			err := l.do(createBootstrap, call)
			require.ErrorContains(t, err, test.reason)
			assert.Equal(t, test.retried, errors.As(err, &retry{}))
		})
	}
}

func TestTimeoutsFailTooLate(t *testing.T) {
	l := newLab(t)
	call := l.call("cp-1", world.Values{"timeouts": map[string]any{"create": "5m"}})
	require.ErrorContains(t, l.do(createBootstrap, call), "failed recovering value for turnaround check")
	assert.True(t, l.report()["cp-1"].Joined, "the cluster is bootstrapped all the same")
	require.ErrorContains(t, l.do(createBootstrap, l.call("cp-1", nil)), "AlreadyExists")
}

func TestBootstrapUpdateChangesTheStateOnly(t *testing.T) {
	l := newLab(t)
	call := l.call("cp-2", nil)
	require.NoError(t, l.do(updateState, call))
	assert.Equal(t, l.address("cp-2"), call.State["endpoint"])
	assert.Contains(t, l.report()["cp-2"].Reason, "not been bootstrapped")
}

func TestKubeconfig(t *testing.T) {
	l := newLab(t)
	err := l.do(createKubeconfig, l.call("cp-1", nil))
	require.ErrorContains(t, err, "the Kubernetes API does not run: the cluster has not been bootstrapped")
	assert.ErrorAs(t, err, &retry{})
	l.bootstrap()
	call := l.call("cp-2", nil)
	require.NoError(t, l.do(createKubeconfig, call))
	file, err := clientcmd.Load([]byte(call.State.String("kubeconfigRaw")))
	require.NoError(t, err)
	require.Equal(t, "admin@test", file.CurrentContext)
	context := file.Contexts[file.CurrentContext]
	assert.Equal(t, "https://api.test.internal:6443", file.Clusters[context.Cluster].Server)
	assert.Equal(t, strings.TrimSpace(string(l.bundle.Certs.K8s.Crt)),
		strings.TrimSpace(string(file.Clusters[context.Cluster].CertificateAuthorityData)))
	block, _ := pem.Decode(file.AuthInfos[context.AuthInfo].ClientCertificateData)
	certificate, err := x509.ParseCertificate(block.Bytes)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(file.Clusters[context.Cluster].CertificateAuthorityData)
	_, err = certificate.Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	require.NoError(t, err)
	assert.Equal(t, []string{"system:masters"}, certificate.Subject.Organization)
	configuration := call.State.Object("kubernetesClientConfiguration")
	assert.Equal(t, "https://api.test.internal:6443", configuration.String("host"))
	key, err := base64.StdEncoding.DecodeString(configuration.String("clientKey"))
	require.NoError(t, err)
	assert.Equal(t, file.AuthInfos[context.AuthInfo].ClientKeyData, key)
	require.ErrorContains(t, l.do(createKubeconfig, l.call("worker-1", nil)), "only available on control plane nodes")
}

func TestApply(t *testing.T) {
	l := newLab(t)
	worker, controlPlane := l.document(machine.TypeWorker), l.document(machine.TypeControlPlane)
	label, disk := "machine: {nodeLabels: {a: b}}", "machine: {env: {A: b}}"
	tests := map[string]struct {
		node   string
		inputs world.Values
		mode   string // that the provider resolves to
		reason string
	}{
		"a label":                 {"worker-1", world.Values{"configPatches": world.List(label), "applyMode": "no_reboot"}, "no_reboot", ""},
		"with a reboot":           {"worker-1", world.Values{"configPatches": world.List(disk)}, "auto", ""},
		"refused reboot":          {"worker-2", world.Values{"configPatches": world.List(disk), "applyMode": "no_reboot"}, "", "can't be applied in immediate mode"},
		"staged if needed":        {"worker-2", world.Values{"configPatches": world.List(disk), "applyMode": "staged_if_needing_reboot"}, "staged", ""},
		"not needed":              {"worker-2", world.Values{"configPatches": world.List(label), "applyMode": "staged_if_needing_reboot"}, "auto", ""},
		"through a control plane": {"worker-2", world.Values{"endpoint": l.address("cp-1")}, "auto", ""},
		"through a worker":        {"worker-2", world.Values{"endpoint": l.address("worker-1")}, "", "no request forwarding"},
		"not valid":               {"worker-2", world.Values{"machineConfigurationInput": "machine: {type: worker}"}, "", "InvalidArgument"},
		"for another cluster": {"cp-2", world.Values{"clientConfiguration": client(t, strangers()),
			"machineConfigurationInput": controlPlane}, "", "certificate signed by unknown authority"},
	}
	for _, name := range slices.Sorted(maps.Keys(tests)) { // in order: they share machines
		test := tests[name]
		t.Run(name, func(t *testing.T) {
			inputs := world.Values{"machineConfigurationInput": worker}
			maps.Copy(inputs, test.inputs)
			call := l.call(test.node, inputs)
			err := l.do(apply, call)
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
	l := newLab(t)
	l.bootstrap()
	l.names["balancer"] = l.names[endpoint]
	reach := func() error {
		return l.store.Do(func(w *world.World) error {
			c, err := observe(l, w)
			if err != nil {
				return err
			}
			_, err = c.kubernetes(nil, "balancer", func(*node) error { return nil })
			return err
		})
	}
	require.ErrorContains(t, reach(), "certificate is valid for 10.0.0.1, cp-1, api.test.internal, not balancer")
	for _, cp := range []string{"cp-1", "cp-2", "cp-3"} {
		document := l.document(machine.TypeControlPlane, "cluster: {apiServer: {certSANs: [balancer]}}")
		require.NoError(t, l.do(apply, l.call(cp, world.Values{"machineConfigurationInput": document})))
	}
	require.NoError(t, reach())
}

func TestStagedWaitsForAReboot(t *testing.T) {
	l := newLab(t)
	document := l.document(machine.TypeWorker, "cluster: {token: abcdef.0123456789abcdef}")
	l.bootstrap()
	require.NoError(t, l.do(apply, l.call("worker-1", world.Values{"machineConfigurationInput": document, "applyMode": "staged"})))
	assert.True(t, l.report()["worker-1"].Joined)
	require.NoError(t, l.do(apply, l.call("worker-1", world.Values{"machineConfigurationInput": document})))
	assert.False(t, l.report()["worker-1"].Joined)
}

func TestPatchesThatTheProviderRefuses(t *testing.T) {
	l := newLab(t)
	for patch, reason := range map[string]string{
		"":                                    "error loading config patches",
		"machine: {nonsense: 1}":              "nonsense",
		"cluster: [1]":                        "error loading config patches",
		`[{"op":"remove","path":"/machine"}]`: "JSON6902 patches are not supported for multi-document machine configuration",
	} {
		call := l.call("worker-1", world.Values{
			"machineConfigurationInput": l.document(machine.TypeWorker), "configPatches": world.List(patch)})
		problems := checkApply(call)
		require.Len(t, problems, 1, "%q", patch)
		assert.Contains(t, problems[0].Reason, reason)
	}
	unknown := l.call("worker-1", world.Values{"machineConfigurationInput": world.Unknown, "configPatches": world.List("")})
	assert.Empty(t, checkApply(unknown), "an unknown configuration cannot be judged yet")
}

func TestSecrets(t *testing.T) {
	call := &catalogue.Call{Inputs: world.Values{"talosVersion": "v1.12.1"}, State: world.Values{}}
	require.NoError(t, createSecrets(call))
	var leaves []string
	walk("", Provider().Resources["talos:machine/secrets:Secrets"].Fields, call.State, func(path string, field catalogue.Field, value any) {
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
func walk(path string, fields catalogue.Fields, values world.Values, visit func(string, catalogue.Field, any)) {
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
		call := &catalogue.Call{Inputs: world.Values{"talosVersion": test.to}, State: world.Values{"talosVersion": test.from}}
		replaced := replaceLowered(call, []string{"talosVersion"})
		assert.Equal(t, test.replaced, len(replaced) == 1, "%s to %s", test.from, test.to)
	}
	problems := checkTalosVersion(&catalogue.Call{Inputs: world.Values{"talosVersion": "latest"}})
	assert.Len(t, problems, 1)
}

func TestReach(t *testing.T) {
	l := newLab(t)
	l.bootstrap()
	call := l.call("cp-1", nil)
	require.NoError(t, l.do(createKubeconfig, call))
	reach := func(change func(*clientcmdapi.Config)) (answered string, err error) {
		file, err := clientcmd.Load([]byte(call.State.String("kubeconfigRaw")))
		require.NoError(t, err)
		change(file)
		require.NoError(t, l.store.Do(func(w *world.World) error {
			answered, err = Reach(l, w, file, "admin@test")
			return nil
		}))
		return answered, err
	}
	answered, err := reach(func(*clientcmdapi.Config) {})
	require.NoError(t, err)
	assert.Equal(t, "cp-3", answered)
	for reason, change := range map[string]func(*clientcmdapi.Config){
		"no whole context":  func(c *clientcmdapi.Config) { c.Contexts = nil },
		"no https address":  func(c *clientcmdapi.Config) { c.Clusters["test"].Server = "https://" + endpoint },
		"no such machine":   func(c *clientcmdapi.Config) { c.Clusters["test"].Server = "https://elsewhere:6443" },
		"unknown authority": func(c *clientcmdapi.Config) { c.Clusters["test"].CertificateAuthorityData = strangers().Certs.K8s.Crt },
		"tls: bad certificate": func(c *clientcmdapi.Config) {
			c.AuthInfos["admin@test"].ClientCertificateData = strangers().Certs.K8s.Crt
		},
		"certificate is no PEM": func(c *clientcmdapi.Config) { c.AuthInfos["admin@test"].ClientCertificateData = nil },
	} {
		_, err := reach(change)
		assert.ErrorContains(t, err, reason)
	}
	l.names["balancer"] = l.names[endpoint]
	_, err = reach(func(c *clientcmdapi.Config) { c.Clusters["test"].Server = "https://balancer:6443" })
	assert.ErrorContains(t, err, "not balancer")
}
