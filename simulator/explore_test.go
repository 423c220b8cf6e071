package simulator

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/inferadb/infra/simulator/world"
)

func TestExplore(t *testing.T) {
	cloud := os.Getenv("EXPLORE")
	if cloud == "" {
		t.Skip()
	}
	store, err := world.Open("/tmp/notes/packets-world/" + cloud)
	if err != nil {
		t.Fatal(err)
	}
	var w *world.World
	_ = store.Do(func(x *world.World) error { w = x.Copy(); return nil })
	start := time.Now()
	f, err := Start(w.Copy())
	fmt.Println("baseline", time.Since(start), err)
	for _, x := range f {
		fmt.Println("  ", x)
	}
	start = time.Now()
	n := 0
	for _, r := range w.Select(func(r *world.Resource) bool { return true }) {
		if strings.HasSuffix(r.Name, "-1") || strings.HasSuffix(r.Name, "b") {
			continue
		}
		c := w.Copy()
		c.Remove(c.Get(r.Type, r.Region, r.ID))
		f, err := Start(c)
		n++
		fmt.Println("DELETE", r.Type, r.Name, len(f), err)
		for i, x := range f {
			if i < 4 {
				s := x.String()
				fmt.Println("    ", s[:min(len(s), 330)])
			}
		}
	}
	fmt.Println(n, time.Since(start))
}
