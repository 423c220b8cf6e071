package network

import (
	"fmt"
	"net/netip"
	"os"
)

// OperatorIP returns the operator's address; empty if the operator is inside every network.
func OperatorIP() string { return os.Getenv("SIMULATOR_OPERATOR_IP") }

// Contains reports whether a range contains an address.
func Contains(cidr, address string) bool {
	prefix, err := netip.ParsePrefix(cidr)
	if err != nil {
		return false
	}
	parsed, err := netip.ParseAddr(address)
	return err == nil && prefix.Contains(parsed)
}

// Reached returns the machines of the targets that a packet reaches. If it reaches none, the error is the last of
// forward, or else none.
func Reached[T any](targets []T, none error, forward func(T) (Machine, error)) ([]Machine, error) {
	var found []Machine
	for _, target := range targets {
		machine, err := forward(target)
		if err != nil {
			none = err
			continue
		}
		found = append(found, machine)
	}
	if len(found) == 0 {
		return nil, none
	}
	return found, nil
}

// Unhealthy returns the finding that a load balancer sends nothing to a target.
func Unhealthy(loadBalancer, target string, err error) Finding {
	return Finding{Subject: loadBalancer, Reason: fmt.Sprintf("target %s is unhealthy: %s", target, err)}
}

// CheckHealth returns why the Kubernetes API fails a health check that speaks a protocol; nil if it passes. The API
// speaks TLS and answers 401 to clients that do not authenticate.
func CheckHealth(protocol string, accepts401 bool) error {
	switch {
	case protocol != "TCP" && protocol != "HTTPS":
		return fmt.Errorf("the health check speaks %s, the Kubernetes API TLS", protocol)
	case protocol == "HTTPS" && !accepts401:
		return fmt.Errorf("the health check gets the status 401, because it does not authenticate to the " +
			"Kubernetes API")
	}
	return nil
}

// Console returns what a machine prints when it boots: whether it has user data, from a platform of Talos.
func Console(platform string, userData []byte) string {
	if len(userData) == 0 {
		return "[talos] no machine config"
	}
	return fmt.Sprintf("[talos] fetched machine config from: %q (%d bytes)", platform, len(userData))
}
