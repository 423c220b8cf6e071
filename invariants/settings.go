package invariants

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Stack is a stack that the checks look at: the file of an environment, with changes.
type Stack struct {
	// Name of the variant, and the environment whose stack file it changes.
	Name, Environment string
	// As is the name of the stack; the environment's if empty.
	As string
	// Changes of the file. A key without a namespace is the program's.
	Changes map[string]string
	// Except is a check that the changes are about, and which therefore does not hold.
	Except string
	// Only is the one check that can look at the stack, where names are cut so that the others cannot tell roles apart.
	Only string
	// Running reports whether the stack is up already: its graph is then that of the next update.
	Running bool
}

// running is the name of the stack that is up already, on each cloud.
const running = "running"

// Stacks returns the stacks of a cloud that the checks look at: the three of this repository, what else a stack file
// can ask for, and what looks dangerous and is allowed.
func Stacks(cloud string) []Stack {
	stacks := append(slices.Clone(clouds[cloud].stacks), Stack{Name: running, Environment: "production", Running: true})
	for _, row := range All() {
		for _, setting := range row.Allowed {
			if setting.On(cloud) {
				stacks = append(stacks, Stack{Name: setting.Name, Environment: broken, Changes: setting.Settings(cloud),
					Except: setting.Except})
			}
		}
	}
	return stacks
}

// Setting is a change of production's stack file that would make it less safe, whether by mistake, on purpose or in a
// pull request that looks harmless.
type Setting struct {
	Name string
	// Says are the settings by key. A key without a namespace is the program's. A word in braces is replaced by the
	// cloud's own.
	Says map[string]string
	// Refusal is a part of the error message; empty if the setting is allowed.
	Refusal string
	// Except is the check that does not hold for this setting, by its purpose.
	Except string
	// clouds are the clouds on which it is tried; nil for all.
	clouds []string
	// anywhere is true if it is tried on all clouds although it is in the file of one.
	anywhere bool
}

// On reports whether the setting is tried on a cloud.
func (s Setting) On(cloud string) bool { return s.clouds == nil || slices.Contains(s.clouds, cloud) }

// Settings returns the settings for a cloud.
func (s Setting) Settings(cloud string) map[string]string {
	settings := map[string]string{}
	for key, text := range s.Says {
		settings[key] = fill(text, clouds[cloud].words)
	}
	return settings
}

// ofCloud returns the settings in a cloud's file as those of the cloud.
func ofCloud(name string, settings []Setting) []Setting {
	settings = slices.Clone(settings)
	for i := range settings {
		if !settings[i].anywhere {
			settings[i].clouds = []string{name}
		}
	}
	return settings
}

var word = regexp.MustCompile(`\{[a-zA-Z0-9]+\}`)

// fill replaces the words in braces by a cloud's.
func fill(text string, words map[string]string) string {
	return word.ReplaceAllStringFunc(text, func(name string) string { return words[strings.Trim(name, "{}")] })
}

// refuse returns a setting that is refused with a message.
func refuse(name string, says map[string]string, refusal string) Setting {
	return Setting{Name: name, Says: says, Refusal: refusal}
}

// everywhere returns a refusal in the file of one cloud that every cloud shares.
func everywhere(s Setting) Setting {
	s.anywhere = true
	return s
}

// allow returns a setting that is allowed.
func allow(name string, says map[string]string) Setting { return Setting{Name: name, Says: says} }

// stack returns settings of a stack file, by pairs of key and value.
func stack(pairs ...string) map[string]string {
	settings := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		settings[pairs[i]] = pairs[i+1]
	}
	return settings
}

// also returns the settings with one more.
func also(settings map[string]string, key, value string) map[string]string {
	settings = maps.Clone(settings)
	settings[key] = value
	return settings
}

// inAllPatches returns a patch of every machine, inControlPlanes one of the control planes.
func inAllPatches(patch string) map[string]string {
	return stack("patches", fmt.Sprintf(`{"all":[%q]}`, patch))
}

func inControlPlanes(patch string) map[string]string {
	return stack("patches", fmt.Sprintf(`{"controlPlanes":[%q]}`, patch))
}

// publicTo opens the APIs to ranges of addresses.
func publicTo(cidrs string) map[string]string {
	return stack("access", "public", "operatorCidrs", cidrs)
}

// oneRegion returns a stack of one region with more said about it.
func oneRegion(more string) map[string]string { return stack("regions", `[{"name":"nyc1"`+more+`}]`) }

// onePool returns the only pool of a stack, with more said about it.
func onePool(more string) map[string]string {
	return stack("pools", `[{"name":"web","size":"small"`+more+`}]`)
}
