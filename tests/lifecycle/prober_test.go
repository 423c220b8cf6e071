package lifecycle

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// TestUpgradeKeepsServing upgrades a production stack of each cloud while a client reads and writes through the load
// balancer of each cluster, and kills the upgrade at the first line of each kind that it prints. The next run goes on,
// to the same end. No write that was acknowledged is lost, and no time without an answer is longer than etcd takes to
// choose a leader.
func TestUpgradeKeepsServing(t *testing.T) {
	takesLong(t)
	for _, cloud := range clouds {
		t.Run(cloud, func(t *testing.T) {
			t.Parallel()
			s := newStack(t, "production", cloud)
			s.set("talosVersion", "v1.13.9")
			s.set("kubernetesVersion", "1.36.4")
			s.set("regions", `["nyc1"]`)
			s.set("pools", `[{"name":"workers","size":"small","count":2}]`)
			s.up()
			o := newOperator(s, cloud)
			probes := s.probe(o.readyToUpgrade(readSections(t, operationsPage)))
			require.NotEmpty(t, probes)
			o.upgradeKilledAtEveryStep()
			for _, p := range probes {
				p.finish(t)
			}
			status := o.run("status", "make status STACK=production")
			assert.NotContains(t, status, "v1.13.9")
			assert.NotContains(t, status, "1.36.4")
			s.up()
			s.settled()
		})
	}
}

// printed is a line of progress: the time, perhaps a machine, and what happens, of which the first word tells the kind.
var printed = regexp.MustCompile(`^[0-9:]{8}  (?:inferadb\S+ )?(\S+)`)

// upgradeKilledAtEveryStep runs the upgrade until it ends. Whenever it prints a line of a kind that it has not printed
// before, it is killed and run again.
func (o *operator) upgradeKilledAtEveryStep() {
	o.t.Helper()
	seen := map[string]bool{}
	for range 40 {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		command := o.command(ctx, nil, "bash", "-euo", "pipefail", "-c", o.exports+
			`export PATH="$PWD/.bin:$PATH"; exec .bin/infra upgrade --stack production --talos v1.13.10 --kubernetes 1.36.5 --yes`)
		command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		out, err := command.StdoutPipe()
		require.NoError(o.t, err)
		diagnostics := &strings.Builder{}
		command.Stderr = diagnostics
		require.NoError(o.t, command.Start())
		var lines []string
		for reader := bufio.NewScanner(out); reader.Scan(); {
			lines = append(lines, reader.Text())
			match := printed.FindStringSubmatch(reader.Text())
			if match == nil || seen[match[1]] || strings.Contains(reader.Text(), "holds the lock") {
				continue
			}
			seen[match[1]] = true
			_ = syscall.Kill(-command.Process.Pid, syscall.SIGKILL)
		}
		err = command.Wait()
		cancel()
		if err == nil {
			o.t.Logf("killed %d times: %v", len(seen), seen)
			assert.Greater(o.t, len(seen), 6)
			return
		}
		require.Equal(o.t, -1, command.ProcessState.ExitCode(), "it ended by itself:\n%s\n%s", strings.Join(lines, "\n"), diagnostics)
	}
	require.Fail(o.t, "the upgrade does not end")
}

// prober writes a number through a cluster's load balancer every 100 milliseconds, and reads it again.
type prober struct {
	cluster string
	client  *rest.RESTClient
	stop    context.CancelFunc
	ended   sync.WaitGroup

	acknowledged, rounds, failures int
	longest                        time.Duration
	last                           error
	lost                           []string
}

const probeEvery = 100 * time.Millisecond

// probe starts a prober for each cluster of the kubeconfig that the stack has written.
func (s *stack) probe(serve string) []*prober {
	s.t.Helper()
	var probers []*prober
	for name, client := range s.kubernetes(serve) {
		ctx, stop := context.WithCancel(context.Background())
		p := &prober{cluster: name, client: client, stop: stop}
		probers = append(probers, p)
		made := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "probe"},
			Data: map[string]string{"n": "0"}}
		// The nodes have just begun to answer: their etcd chooses its first leader.
		require.Eventually(s.t, func() bool {
			return client.Post().Namespace("default").Resource("configmaps").Body(made).Do(ctx).Error() == nil
		}, time.Minute, time.Second, name)
		p.ended.Go(func() { p.run(ctx) })
		s.t.Cleanup(func() { stop(); p.ended.Wait() })
	}
	return probers
}

// kubernetes returns a client for each cluster of the kubeconfig that the stack has written. The word says where its
// nodes answer.
func (s *stack) kubernetes(serve string) map[string]*rest.RESTClient {
	s.t.Helper()
	_, address, _ := strings.Cut(serve, "=")
	proxy, err := url.Parse(strings.Trim(address, `'"`))
	require.NoError(s.t, err)
	file, err := clientcmd.LoadFromFile(s.path(s.name + ".kubeconfig"))
	require.NoError(s.t, err)
	clients := map[string]*rest.RESTClient{}
	for name := range file.Contexts {
		access, err := clientcmd.NewDefaultClientConfig(*file,
			&clientcmd.ConfigOverrides{CurrentContext: name}).ClientConfig()
		require.NoError(s.t, err)
		scheme := runtime.NewScheme()
		require.NoError(s.t, corev1.AddToScheme(scheme))
		access.GroupVersion, access.APIPath = &corev1.SchemeGroupVersion, "/api"
		access.NegotiatedSerializer = serializer.NewCodecFactory(scheme).WithoutConversion()
		access.QPS, access.Proxy, access.Timeout = -1, http.ProxyURL(proxy), 2*time.Second
		clients[name], err = rest.RESTClientFor(access)
		require.NoError(s.t, err)
	}
	return clients
}

func (p *prober) run(ctx context.Context) {
	answered := time.Now()
	for n := 1; ctx.Err() == nil; n++ {
		began := time.Now()
		err := p.round(ctx, n)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			p.failures, p.last = p.failures+1, err
		default:
			p.longest = max(p.longest, time.Since(answered)-probeEvery)
			answered = time.Now()
		}
		p.rounds++
		time.Sleep(probeEvery - min(probeEvery, time.Since(began)))
	}
}

// round writes a number and reads one. What is read is never older than what was acknowledged.
func (p *prober) round(ctx context.Context, n int) error {
	change := fmt.Appendf(nil, `{"data":{"n":"%d"}}`, n)
	err := p.client.Patch(types.MergePatchType).Namespace("default").Resource("configmaps").Name("probe").Body(change).Do(ctx).Error()
	if err == nil {
		p.acknowledged = n
	}
	var read corev1.ConfigMap
	if failed := p.client.Get().Namespace("default").Resource("configmaps").Name("probe").Do(ctx).Into(&read); failed != nil {
		return failed
	}
	if has, _ := strconv.Atoi(read.Data["n"]); has < p.acknowledged {
		p.lost = append(p.lost, fmt.Sprintf("%d was acknowledged and %d was read", p.acknowledged, has))
	}
	return err
}

// electionLimit is how long etcd may be without a leader: its election timeout of a second, drawn up to twice as long,
// and the vote. https://etcd.io/docs/v3.6/tuning/
const electionLimit = 3 * time.Second

func (p *prober) finish(t *testing.T) {
	t.Helper()
	p.stop()
	p.ended.Wait()
	t.Logf("%s: %d rounds, %d failed (the last: %v), longest time without an answer %s", p.cluster, p.rounds, p.failures, p.last, p.longest)
	assert.Empty(t, p.lost)
	assert.Greater(t, p.acknowledged, 100)
	assert.Less(t, p.longest, electionLimit)
}
