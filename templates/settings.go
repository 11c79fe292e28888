package templates

// choice is one of a few values of a setting.
type choice struct{ value, text string }

func (p SettingsProps) bodyChoice() string {
	if p.HTMLFirst {
		return "html"
	}
	return "text"
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

func (s FeatureState) icon() string {
	switch s {
	case FeatureFull:
		return "circle-check"
	case FeatureDegraded:
		return "circle-alert"
	}
	return "circle-x"
}

func (s FeatureState) words() string {
	switch s {
	case FeatureFull:
		return "Full"
	case FeatureDegraded:
		return "Degraded"
	}
	return "Missing"
}
