package config

import (
	"errors"
	"strings"
	"testing"
)

// FuzzLoad: whatever the stack file says, there are clusters or errors, and every error says where and what to do.
func FuzzLoad(f *testing.F) {
	for _, row := range refused {
		for key, value := range row.file {
			f.Add(key, value, "dev", "aws")
		}
	}
	f.Add("pools", `[{"name":"a","size":"small","min":1,"max":3,"spot":{"base":1,"maxPrice":1.5}}]`, "staging", "gcp")
	f.Add("regions", `["nyc1",{"name":"sfo1","provider":"digitalocean","network":{"cidr":"10.0.0.0/16"}}]`, "production", "aws")
	f.Fuzz(func(t *testing.T, key, value, environment, provider string) {
		file := stackFile{"environment": environment, "provider": provider}.with(key, value)
		clusters, _, err := Load("test", file.settings())
		if err == nil {
			if len(clusters) == 0 {
				t.Fatal("neither clusters nor errors")
			}
			return
		}
		var all Errors
		if !errors.As(err, &all) || len(all) == 0 || clusters != nil {
			t.Fatalf("%T with %d clusters", err, len(clusters))
		}
		for _, one := range all {
			if one.Path == "" || one.Problem == "" || one.Remedy == "" || strings.Contains(one.Error(), "%!") {
				t.Fatalf("%+v", one)
			}
		}
	})
}
