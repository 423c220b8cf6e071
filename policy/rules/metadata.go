package rules

var metadataRules = []Rule{{
	Name: "metadata-guarded", Invariant: 16,
	Demand: "Instance metadata, where machine configurations are, takes a token and goes one hop on AWS, and opens no machine to keys or consoles elsewhere.",
	Remedy: "set httpTokens: required and httpPutResponseHopLimit: 1",
	one:    metadataGuarded,
}}

// metadataGuarded: Google Cloud asks for a header whatever a machine says, DigitalOcean for nothing.
func metadataGuarded(r Resource) []finding {
	switch {
	case isAWSInstance(r), r.Type == awsTemplate, r.Type == awsConfiguration:
		return awsMetadata(r.at("metadataOptions"))
	case isGCPMachine(r):
		return gcpMetadata(r.at("metadata"))
	case r.Type == doDroplet:
		if at := r.at("dropletAgent"); !at.is("false") {
			return []finding{at.problem("lets an agent take SSH keys from the metadata, which asks for no token", "set dropletAgent: false")}
		}
	}
	return nil
}

func awsMetadata(options field) []finding {
	if options.at("httpEndpoint").text() == "disabled" {
		return nil
	}
	var found []finding
	if at := options.at("httpTokens"); !at.is("required") {
		found = append(found, at.problem("answers whoever can make the machine send a request", ""))
	}
	if at := options.at("httpPutResponseHopLimit"); !at.is("1") {
		found = append(found, at.problem("lets pods read the machine's configuration and its secrets", ""))
	}
	return found
}

// gcpMetadata: the keys that open a machine. https://cloud.google.com/compute/docs/metadata/predefined-metadata-keys
func gcpMetadata(metadata field) []finding {
	var found []finding
	for _, key := range []string{"ssh-keys", "sshKeys"} {
		if at := metadata.at(key); at.present() && !at.unknown() {
			at.secret = true
			found = append(found, at.problem("gives out a way in, and Talos has no SSH", "remove the key"))
		}
	}
	if at := metadata.at("serial-port-enable"); !at.unknown() && at.is("true", "1") {
		found = append(found, at.problem("opens the serial console to the internet", "remove the key"))
	}
	if at := metadata.at("disable-legacy-endpoints"); !at.unknown() && at.is("false", "0") {
		found = append(found, at.problem("asks for endpoints that need no header", "remove the key"))
	}
	return found
}
