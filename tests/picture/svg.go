package picture

import (
	"fmt"
	"html"
	"strings"
)

// Sizes in pixels. Text is not measured: letters of the font are this wide on average, capitals among them.
const (
	margin, gap, between = 24.0, 28.0, 46.0
	heading              = 36.0
	lane                 = 12.0 // of an arrow that passes a layer
	padding, lineHeight  = 12.0, 17.0
	letter, boldLetter   = 6.5, 7.6
	headingLetter        = 9.0
)

func (b Box) wide() float64 {
	wide := float64(len([]rune(b.Title))) * boldLetter
	for _, line := range b.Lines {
		wide = max(wide, float64(len([]rune(line)))*letter)
	}
	return wide + 2*padding
}

func (b Box) high() float64 { return float64(len(b.Lines)+1)*lineHeight + 2*padding - 4 }

// SVG is the diagram as a picture: dark text on light ground, wherever it is shown.
func (d Diagram) SVG() string {
	layers := d.layout()
	wide, high := 2*margin+float64(len([]rune(d.Title)))*headingLetter, 0.0
	for _, layer := range layers {
		for _, p := range layer {
			wide, high = max(wide, p.x+p.wide+margin), max(high, p.y+p.high+margin)
		}
	}
	var text strings.Builder
	fmt.Fprintf(&text, `<svg xmlns="http://www.w3.org/2000/svg" width="%[1]d" height="%[2]d" viewBox="0 0 %[1]d %[2]d" `, int(wide), int(high))
	text.WriteString(`font-family="Helvetica, Arial, sans-serif" font-size="12" fill="#1f2328">` + "\n")
	fmt.Fprintf(&text, "<title>%s</title>\n", html.EscapeString(d.Title))
	text.WriteString(`<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">` +
		`<path d="M0 0 8 4 0 8z" fill="#57606a"/></marker></defs>` + "\n")
	text.WriteString(`<rect width="100%" height="100%" fill="#ffffff"/>` + "\n")
	fmt.Fprintf(&text, "<text x=\"%.0f\" y=\"%.0f\" font-size=\"16\" font-weight=\"bold\">%s</text>\n", margin, margin+12, html.EscapeString(d.Title))
	for _, layer := range layers {
		for _, p := range layer {
			if p.box != nil {
				p.drawArrows(&text)
			}
		}
	}
	for _, layer := range layers {
		for _, p := range layer {
			if p.box != nil {
				p.draw(&text)
			}
		}
	}
	text.WriteString("</svg>\n")
	return text.String()
}

// drawArrows draws the arrows that leave a box, each over its bends to the box that it leads to.
func (p *place) drawArrows(text *strings.Builder) {
	for i, next := range p.next {
		// Arrows leave and reach a box side by side.
		x, y := p.x+p.wide*float64(i+1)/float64(len(p.next)+1), p.floor
		path := fmt.Sprintf("M%.0f %.0f L%.0f %.0f", x, p.y+p.high, x, y)
		previous := p
		for {
			toX := next.middle()
			if next.box != nil {
				toX = next.x + next.wide*float64(next.rank(previous)+1)/float64(len(next.above)+1)
			}
			bend := (next.y - y) / 2
			path += fmt.Sprintf(" C%.0f %.0f %.0f %.0f %.0f %.0f", x, y+bend, toX, next.y-bend, toX, next.y)
			if next.box != nil {
				break
			}
			x, y = toX, next.floor
			path += fmt.Sprintf(" L%.0f %.0f", x, y)
			previous, next = next, next.next[0]
		}
		fmt.Fprintf(text, "<path d=\"%s\" fill=\"none\" stroke=\"#57606a\" stroke-width=\"1.2\" marker-end=\"url(#tip)\"/>\n", path)
	}
}

// rank is how many of the arrows that reach the place come from further left.
func (p *place) rank(from *place) int {
	left := 0
	for _, other := range p.above {
		if other != from && other.middle() < from.middle() {
			left++
		}
	}
	return left
}

func (p *place) draw(text *strings.Builder) {
	fmt.Fprintf(text, "<rect x=\"%.0f\" y=\"%.0f\" width=\"%.0f\" height=\"%.0f\" rx=\"6\" fill=\"%s\" stroke=\"#57606a\"/>\n",
		p.x, p.y, p.wide, p.high, p.box.Colour)
	y := p.y + padding + 10
	fmt.Fprintf(text, "<text x=\"%.0f\" y=\"%.0f\" font-size=\"13\" font-weight=\"bold\">%s</text>\n", p.x+padding, y, html.EscapeString(p.box.Title))
	for _, line := range p.box.Lines {
		y += lineHeight
		fmt.Fprintf(text, "<text x=\"%.0f\" y=\"%.0f\">%s</text>\n", p.x+padding, y, html.EscapeString(line))
	}
}
