package provider

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/inferadb/infra/simulator/latency"
	"github.com/inferadb/infra/simulator/store"
)

// Fault makes one operation fail.
type Fault struct {
	// Token is the resource's type, Nth which creation of it fails, counted from 1 over all processes. With @update or
	// @delete at its end it is an update or a deletion. A token that begins with anything is no type: it counts every
	// creation and every deletion, and with another ending it counts anew.
	Token string
	Nth   int
	Mode  mode
	// Refusals are how often the API refuses a throttled call.
	Refusals int
}

// The steps whose faults have a name of their own.
const onUpdate, onDelete = "@update", "@delete"

const anything = "any-"

// mode is how an operation fails. All but the first, and throttled, leave a resource behind that was to be created.
type mode string

const (
	// fails makes nothing.
	fails mode = ""
	// half reports a resource that is created but not ready.
	half mode = "half"
	// lost creates the resource and answers with an error.
	lost mode = "lost"
	// crash ends the plugin before it can report what was created. The engine then forgets the operation. Others that
	// the plugin works on are let finish, so that just one is lost, whatever the timing.
	crash mode = "crash"
	// timeout creates the resource, and the provider gives up before it is ready.
	timeout mode = "timeout"
	// throttled has the API refuse the call some times, because there are too many; the provider tries again.
	throttled mode = "throttled"
	// hang never reports what was created. An engine that is killed meanwhile leaves a pending operation.
	hang mode = "hang"
)

// interrupt keeps the plugin from reporting what was created. The caller holds the lock for reading.
func (s *Server) interrupt(fault *Fault) {
	switch {
	case fault == nil:
	case fault.Mode == crash:
		s.operations.RUnlock()
		s.operations.Lock()
		// The answers of the others are on their way.
		time.Sleep(pause)
		fmt.Fprintln(os.Stderr, errFault)
		os.Exit(2)
	case fault.Mode == hang:
		select {}
	}
}

func parseFault(text string) (Fault, error) {
	token, rest, found := strings.Cut(text, "#")
	count, how, _ := strings.Cut(rest, ":")
	how, times, _ := strings.Cut(how, "=")
	nth, err := strconv.Atoi(count)
	refusals, problem := strconv.Atoi(cmp.Or(times, "3"))
	if !found || err != nil || problem != nil || nth < 1 ||
		!slices.Contains([]mode{fails, half, lost, crash, timeout, throttled, hang}, mode(how)) {
		return Fault{}, fmt.Errorf("SIMULATOR_FAULT: %q is not a fault; use type#number, or with :half, :lost, "+
			":crash, :timeout, :throttled=3 or :hang "+
			"behind it, such as aws:ec2/instance:Instance#2:crash", text)
	}
	return Fault{Token: token, Nth: nth, Mode: mode(how), Refusals: refusals}, nil
}

// tries is how often a provider makes a call that is refused because there are too many, by its configuration or else
// its default. Google's goes on for as long as the operation may take.
// https://registry.terraform.io/providers/hashicorp/aws/5.100.0/docs#max_retries-1
// https://registry.terraform.io/providers/digitalocean/digitalocean/2.59.0/docs#http_retry_max-1
// https://github.com/hashicorp/terraform-provider-google-beta/blob/v5.42.0/google-beta/transport/error_retry_predicates.go
var tries = map[string]struct {
	setting string
	number  int
}{"aws": {"maxRetries", 25}, "digitalocean": {"httpRetryMax", 4}}

// refusals are the clouds' errors for too many calls.
var refusals = map[string]string{
	"aws":          "RequestLimitExceeded: Request limit exceeded.",
	"digitalocean": "429 (too_many_requests) API Rate limit exceeded.",
	"gcp":          "Error 429: Quota exceeded for quota metric 'Queries', rateLimitExceeded",
}

// throttle repeats a call as often as it is refused, or as often as the provider tries.
func (s *Server) throttle(fault *Fault) error {
	if fault == nil || fault.Mode != throttled {
		return nil
	}
	limit, limited := tries[s.schema.Name]
	if s.config.Has(limit.setting) {
		limit.number = s.config.Int(limit.setting)
	}
	for n := range fault.Refusals {
		if limited && n >= limit.number {
			return errors.New(refusals[s.schema.Name])
		}
		time.Sleep(pause / 10)
	}
	return nil
}

// errTimeout returns the error of a provider that gave up waiting.
func errTimeout(token string) error {
	return fmt.Errorf("waiting for %s create: timeout while waiting for state to become 'available' (last state: "+
		"'pending', timeout: 10m0s)", token)
}

var errFault = errors.New("simulated fault: the cloud had an internal error")

// injectFault counts a creation, and returns the fault that it meets, if any. The count outlives a failure of the
// creation.
func (o Options) injectFault(journal *store.Journal, token string) (*Fault, error) {
	for _, fault := range o.Faults {
		if fault.Token != token && (!strings.HasPrefix(fault.Token, anything) || strings.Contains(token, "@")) {
			continue
		}
		token := fault.Token
		var nth int
		err := journal.Do(func(st *store.Store) error {
			nth = st.Count("create " + token)
			return nil
		})
		if err != nil {
			return nil, err
		}
		for _, fault := range o.Faults {
			if fault.Token == token && fault.Nth == nth {
				return &fault, nil
			}
		}
		return nil, nil
	}
	return nil, nil
}

// pause is the time between two tries.
const pause = 100 * time.Millisecond

// injectDeletionFault counts a deletion of any type where a fault counts everything.
func (o Options) injectDeletionFault(journal *store.Journal) (*Fault, error) {
	return o.injectFault(journal, anything)
}

// record writes down when an operation began and that it has ended, where time passes.
func (s *Server) record(operation latency.Operation, urn string, start time.Time) {
	if s.options.Latency == 0 {
		return
	}
	entry := latency.Entry{Operation: operation, URN: urn, Start: start, End: time.Now()}
	if err := latency.Record(s.journal.Directory(), entry); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}
