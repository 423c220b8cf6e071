package latency

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// Step is something that takes time, and what must have ended before it begins.
type Step struct {
	ID, Name string
	Takes    time.Duration
	After    []string
}

// Timed is a step of a path, with the time at which it ends.
type Timed struct {
	Step
	End time.Duration
}

// Path is a chain of steps, each of which waited for the one before it.
type Path []Timed

// Total returns how long the chain takes.
func (p Path) Total() time.Duration {
	if len(p) == 0 {
		return 0
	}
	return p[len(p)-1].End
}

// Critical returns the longest chain: how long all steps take if each begins as soon as it can.
func Critical(steps []Step) Path {
	byID := map[string]Step{}
	for _, step := range steps {
		byID[step.ID] = step
	}
	ends, waitedFor := map[string]time.Duration{}, map[string]string{}
	var end func(id string) time.Duration
	end = func(id string) time.Duration {
		if known, seen := ends[id]; seen {
			return known
		}
		ends[id] = 0
		var start time.Duration
		for _, before := range slices.Sorted(slices.Values(byID[id].After)) {
			if _, exists := byID[before]; exists && end(before) > start {
				start, waitedFor[id] = end(before), before
			}
		}
		ends[id] = start + byID[id].Takes
		return ends[id]
	}
	last := ""
	for _, id := range sortedIDs(steps) {
		if end(id) > ends[last] {
			last = id
		}
	}
	var path Path
	for id := last; id != ""; id = waitedFor[id] {
		path = append(path, Timed{byID[id], ends[id]})
	}
	slices.Reverse(path)
	return path
}

// Layered returns the slowest step of each layer. That is how Pulumi destroys: steps that have nothing to wait for are
// the first layer, those that wait only for it the second, and so on. The last layer is deleted first, and the next
// begins when all of it is gone. So what is slow to delete costs time wherever another layer has something slow as
// well. https://github.com/pulumi/pulumi/blob/v3.258.0/pkg/resource/deploy/deployment_executor.go (performPostSteps)
func Layered(steps []Step) Path {
	byID := map[string]Step{}
	for _, step := range steps {
		byID[step.ID] = step
	}
	depths := map[string]int{}
	var depth func(id string) int
	depth = func(id string) int {
		if known, seen := depths[id]; seen {
			return known
		}
		depths[id] = 0
		deepest := 0
		for _, before := range byID[id].After {
			if _, exists := byID[before]; exists {
				deepest = max(deepest, depth(before)+1)
			}
		}
		depths[id] = deepest
		return deepest
	}
	slowest := map[int]Step{}
	last := 0
	for _, id := range sortedIDs(steps) {
		layer := depth(id)
		last = max(last, layer)
		if known, exists := slowest[layer]; !exists || byID[id].Takes > known.Takes {
			slowest[layer] = byID[id]
		}
	}
	var path Path
	for layer := last; layer >= 0; layer-- {
		if step, exists := slowest[layer]; exists && step.Takes > 0 {
			path = append(path, Timed{step, path.Total() + step.Takes})
		}
	}
	return path
}

// quick is the time below which BestLayers does not look at a step.
const quick = 10 * time.Second

// BestLayers returns the layers that take the least time, whatever further dependencies a program adds. Quick steps are
// left out, so that it is rather too little.
func BestLayers(steps []Step) Path {
	search := layers{byID: map[string]Step{}, known: map[string]Path{}}
	for _, step := range steps {
		search.byID[step.ID] = step
	}
	left := map[string]bool{}
	for _, step := range steps {
		if step.Takes >= quick {
			left[step.ID] = true
		}
	}
	for id := range left {
		step := search.byID[id]
		step.After = search.slowBefore(id, map[string]bool{})
		search.byID[id] = step
	}
	return search.best(left)
}

// layers is a search for the best ones; known has those for what is left.
type layers struct {
	byID  map[string]Step
	known map[string]Path
}

// slowBefore lists the slow steps that a step waits for, directly or through quick ones.
func (l layers) slowBefore(id string, seen map[string]bool) []string {
	var slow []string
	for _, before := range l.byID[id].After {
		switch {
		case seen[before]:
		case l.byID[before].Takes >= quick:
			slow = append(slow, before)
		default:
			slow = append(slow, l.slowBefore(before, seen)...)
		}
		seen[before] = true
	}
	return slow
}

// best tries how slow the slowest of the first layer may be. A layer may as well hold all that is free and no slower,
// so that these are all the choices.
func (l layers) best(left map[string]bool) Path {
	key := strings.Join(slices.Sorted(maps.Keys(left)), " ")
	if path, seen := l.known[key]; seen || len(left) == 0 {
		return path
	}
	free := l.free(left)
	var best Path
	for _, slowest := range free {
		rest := maps.Clone(left)
		for _, id := range free {
			if l.byID[id].Takes <= l.byID[slowest].Takes {
				delete(rest, id)
			}
		}
		step, after := l.byID[slowest], l.best(rest)
		if best != nil && step.Takes+after.Total() >= best.Total() {
			continue
		}
		best = Path{{step, step.Takes}}
		for _, next := range after {
			best = append(best, Timed{next.Step, next.End + step.Takes})
		}
	}
	l.known[key] = best
	return best
}

// free lists what nothing that is left waits for.
func (l layers) free(left map[string]bool) []string {
	waitedFor := map[string]bool{}
	for id := range left {
		for _, before := range l.byID[id].After {
			waitedFor[before] = true
		}
	}
	return slices.DeleteFunc(slices.Sorted(maps.Keys(left)), func(id string) bool { return waitedFor[id] })
}

func sortedIDs(steps []Step) []string {
	var ids []string
	for _, step := range steps {
		ids = append(ids, step.ID)
	}
	slices.SortFunc(ids, cmp.Compare)
	return ids
}
