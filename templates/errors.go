package templates

func (e ErrorProps) icon() string {
	if e.Icon != "" {
		return e.Icon
	}
	if e.Status == 502 || e.Status == 504 || e.Status == 503 {
		return "server-off"
	}
	return "triangle-alert"
}
