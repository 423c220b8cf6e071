// Package picture draws what waits for what: boxes in layers, as SVG and as Mermaid. The same diagram is the same text every
// time, so that a test can tell whether a picture in the documents is still true.
package picture

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Diagram is a graph without cycles.
type Diagram struct {
	Title string
	Boxes []Box
	// Arrows lead from a box to those that wait for it, by their ids.
	Arrows map[string][]string
}

// Box is a node of the diagram.
type Box struct {
	// ID is a word; Title stands above Lines.
	ID, Title string
	Lines     []string
	// Colour of the background, as SVG writes it.
	Colour string
}

// New draws arrows only where no way over other boxes says the same, and refuses a cycle.
func New(title string, boxes []Box, arrows map[string][]string) (Diagram, error) {
	d := Diagram{Title: title, Boxes: boxes, Arrows: arrows}
	for _, box := range boxes {
		if slices.Contains(d.beyond(box.ID), box.ID) {
			return d, fmt.Errorf("%s waits for itself by way of other boxes", box.Title)
		}
	}
	reduced := map[string][]string{}
	for from, targets := range arrows {
		for _, to := range slices.Compact(slices.Sorted(slices.Values(targets))) {
			detour := func(by string) bool { return by != to && slices.Contains(d.beyond(by), to) }
			if !slices.ContainsFunc(targets, detour) {
				reduced[from] = append(reduced[from], to)
			}
		}
	}
	d.Arrows = reduced
	return d, nil
}

// beyond are the boxes to which a way leads from the box.
func (d Diagram) beyond(id string) []string {
	seen := map[string]bool{}
	var visit func(id string)
	visit = func(id string) {
		for _, next := range d.Arrows[id] {
			if !seen[next] {
				seen[next] = true
				visit(next)
			}
		}
	}
	visit(id)
	return slices.Sorted(maps.Keys(seen))
}

// Mermaid is the diagram as a flowchart: https://mermaid.js.org/syntax/flowchart.html
func (d Diagram) Mermaid() string {
	var text strings.Builder
	fmt.Fprintf(&text, "---\ntitle: %s\n---\nflowchart TD\n", d.Title)
	for _, box := range d.Boxes {
		fmt.Fprintf(&text, "  %s[\"<b>%s</b><br/>%s\"]\n", box.ID, box.Title, strings.Join(box.Lines, "<br/>"))
	}
	for _, box := range d.Boxes {
		for _, to := range d.Arrows[box.ID] {
			fmt.Fprintf(&text, "  %s --> %s\n", box.ID, to)
		}
	}
	for _, box := range d.Boxes {
		fmt.Fprintf(&text, "  style %s fill:%s,stroke:#57606a,color:#1f2328\n", box.ID, box.Colour)
	}
	return text.String()
}

// place is where a box stands, or where an arrow passes a layer: then it has no box.
type place struct {
	box         *Box
	layer       int
	x, y        float64 // of the top left corner
	wide, high  float64
	floor       float64 // where the layer ends
	above, next []*place
}

func (p *place) middle() float64 { return p.x + p.wide/2 }

// layout puts each box into the layer after the last one that it waits for, and orders the layers so that arrows are short.
func (d Diagram) layout() [][]*place {
	places := map[string]*place{}
	for i := range d.Boxes {
		box := &d.Boxes[i]
		places[box.ID] = &place{box: box, wide: box.wide(), high: box.high()}
	}
	for range d.Boxes { // as often as a way can be long
		for from, targets := range d.Arrows {
			for _, to := range targets {
				places[to].layer = max(places[to].layer, places[from].layer+1)
			}
		}
	}
	var layers [][]*place
	put := func(p *place) {
		for len(layers) <= p.layer {
			layers = append(layers, nil)
		}
		layers[p.layer] = append(layers[p.layer], p)
	}
	for _, box := range d.Boxes {
		put(places[box.ID])
	}
	for _, box := range d.Boxes {
		for _, to := range d.Arrows[box.ID] {
			last := places[box.ID]
			for layer := last.layer + 1; layer < places[to].layer; layer++ {
				bend := &place{layer: layer, wide: lane}
				put(bend)
				connect(last, bend)
				last = bend
			}
			connect(last, places[to])
		}
	}
	order(layers)
	arrange(layers)
	return layers
}

func connect(from, to *place) {
	from.next, to.above = append(from.next, to), append(to.above, from)
}

// order moves what is connected below each other: down and up again, each layer by the middle of its neighbours.
// https://en.wikipedia.org/wiki/Layered_graph_drawing
func order(layers [][]*place) {
	index := map[*place]float64{}
	number := func(layer []*place) {
		for i, p := range layer {
			index[p] = float64(i) / float64(len(layer))
		}
	}
	for _, layer := range layers {
		number(layer)
	}
	sort := func(layer []*place, neighbours func(*place) []*place) {
		weight := map[*place]float64{}
		for _, p := range layer {
			weight[p] = index[p]
			if near := neighbours(p); len(near) > 0 {
				weight[p] = 0
				for _, n := range near {
					weight[p] += index[n] / float64(len(near))
				}
			}
		}
		slices.SortStableFunc(layer, func(a, b *place) int { return cmp.Compare(weight[a], weight[b]) })
		number(layer)
	}
	for range 8 {
		for _, layer := range layers {
			sort(layer, func(p *place) []*place { return p.above })
		}
		for _, layer := range slices.Backward(layers) {
			sort(layer, func(p *place) []*place { return p.next })
		}
	}
}

// arrange gives the places their coordinates: the layers below each other, each in the middle of the widest.
func arrange(layers [][]*place) {
	widest, y := 0.0, margin+heading
	for _, layer := range layers {
		widest = max(widest, wideOf(layer))
	}
	for _, layer := range layers {
		x, highest := margin+(widest-wideOf(layer))/2, 0.0
		for _, p := range layer {
			p.x, p.y = x, y
			x += p.wide + gap
			highest = max(highest, p.high)
		}
		for _, p := range layer {
			p.floor = y + highest
		}
		y += highest + between
	}
	for _, layer := range layers {
		for _, p := range layer {
			slices.SortStableFunc(p.next, func(a, b *place) int { return cmp.Compare(a.middle(), b.middle()) })
		}
	}
}

func wideOf(layer []*place) float64 {
	wide := -gap
	for _, p := range layer {
		wide += p.wide + gap
	}
	return wide
}
