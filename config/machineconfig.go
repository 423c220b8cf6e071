package config

// checkMachineConfigs asks Talos' own library about the versions, the patches and the result.
func (l *loader) checkMachineConfigs() {}
