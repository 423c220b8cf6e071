// InferaDB's Kubernetes clusters: one Pulumi stack is one environment, with a Talos cluster in each of its regions.
package main

import "github.com/inferadb/infra/stack"

func main() {
	stack.Run()
}
