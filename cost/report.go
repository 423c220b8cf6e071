package cost

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// exclusions names the costs that do not follow from a stack file.
const exclusions = "Not included: traffic, and what NAT gateways, load balancers and flow logs charge by the byte; " +
	"snapshots, logs, alarms and queues; volumes " +
	"and load balancers that Kubernetes makes; the state's bucket and key; discounts, free tiers, support and taxes."

func (m MonthlyCost) String() string { return m.print("%.2f") }

func (m MonthlyCost) print(format string) string {
	least, most := fmt.Sprintf(format, m.Min), fmt.Sprintf(format, m.Max)
	if least == most {
		return least
	}
	return least + " to " + most
}

// saved returns a sentence about what the spot market saves.
func saved(total Line) string {
	saving := total.OnDemand.minus(total.Configured)
	percent := MonthlyCost{100 * saving.Min / total.OnDemand.Min, 100 * saving.Max / total.OnDemand.Max}
	return fmt.Sprintf("Spot saves %s of %s: %s %%.", saving, total.OnDemand, percent.print("%.0f"))
}

// Sum returns the cost of all clusters of a stack.
func Sum(estimates []Estimate) Line {
	sum := Line{What: "total of the stack"}
	for _, b := range estimates {
		total := b.Total()
		sum.OnDemand, sum.Configured = sum.OnDemand.plus(total.OnDemand), sum.Configured.plus(total.Configured)
	}
	return sum
}

// table is a table for either form: cells of text, the first row its head, all columns but the first numbers.
type table [][]string

// tables returns a table for each cluster, and one for the whole stack where there is more than one.
func tables(estimates []Estimate) []table {
	var all []table
	overview := table{head("all clusters")}
	for _, b := range estimates {
		rows := table{head(fmt.Sprintf("%s, %s %s", b.Cluster.Name, b.Cluster.Provider, b.Cluster.Location.Region))}
		for _, line := range append(slices.Clone(b.Lines), b.Total()) {
			rows = append(rows, cells(line))
		}
		all = append(all, rows)
		total := b.Total()
		total.What = b.Cluster.Name
		overview = append(overview, cells(total))
	}
	if len(estimates) > 1 {
		all = append(all, append(overview, cells(Sum(estimates))))
	}
	return all
}

func head(what string) []string { return []string{what, "on demand", "configured"} }

func cells(line Line) []string {
	return []string{line.What, line.OnDemand.String(), line.Configured.String()}
}

// remarks returns the notes on the numbers, each once: the effect of spot, the sources of the prices, and what is
// excluded.
func remarks(estimates []Estimate) []string {
	var spot, prices, sources []string
	total := Sum(estimates)
	for _, b := range estimates {
		sum := b.Total()
		for _, note := range b.Notes {
			spot = append(spot, b.Cluster.Region+": "+note)
		}
		if sum.spot() {
			prices = append(
				prices,
				fmt.Sprintf(
					"Assumed: a spot machine costs %.0f %% less than on demand. %s",
					100*b.prices.Spot.Discount,
					b.prices.Spot.Reason,
				),
			)
		}
		prices = append(prices, b.prices.Notes...)
		sources = append(
			sources,
			fmt.Sprintf(
				"Prices of %s: noted %s, to compare with %s",
				b.Cluster.Location.Region,
				b.location.Noted,
				b.location.Source,
			),
		)
	}
	if total.spot() {
		spot = append([]string{saved(total)}, spot...)
	}
	var once []string
	for _, remark := range append(slices.Concat(spot, prices, sources), exclusions) {
		if !slices.Contains(once, remark) {
			once = append(once, remark)
		}
	}
	return once
}

// Text returns the estimates of a stack for a terminal.
func Text(stack string, estimates []Estimate) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s: US dollars per month at list price\n", stack)
	for _, rows := range tables(estimates) {
		widths := []int{0, 0, 0}
		for _, row := range rows {
			for i, cell := range row {
				widths[i] = max(widths[i], utf8.RuneCountInString(cell))
			}
		}
		out.WriteString("\n")
		for i, row := range rows {
			indent := "  "
			if i == 0 {
				indent = ""
			}
			fmt.Fprintf(&out, "%-*s  %*s  %*s\n", widths[0]+2, indent+row[0], widths[1], row[1], widths[2], row[2])
		}
	}
	out.WriteString("\n")
	for _, remark := range remarks(estimates) {
		out.WriteString(remark + "\n")
	}
	return out.String()
}

// Markdown returns the estimates of a stack for a pull request.
func Markdown(stack string, estimates []Estimate) string {
	var out strings.Builder
	fmt.Fprintf(&out, "### Cost of %s\n\nUS dollars per month at list price.\n", stack)
	for _, rows := range tables(estimates) {
		fmt.Fprintf(&out, "\n| %s |\n|---|---:|---:|\n", strings.Join(rows[0], " | "))
		for _, row := range rows[1:] {
			fmt.Fprintf(&out, "| %s |\n", strings.Join(row, " | "))
		}
	}
	out.WriteString("\n")
	for _, remark := range remarks(estimates) {
		out.WriteString("- " + remark + "\n")
	}
	return out.String()
}
