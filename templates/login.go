package templates

import "github.com/a-h/templ"

func (p LoginProps) userLabel() string {
	if p.Plain {
		return "User name"
	}
	return "Email address"
}

// userType is text on servers where people sign in with a bare name: type=email would refuse it.
func (p LoginProps) userType() string {
	if p.Plain {
		return "text"
	}
	return "email"
}

// blame marks the field that a problem is about.
func (p LoginProps) blame(field string) templ.Attributes {
	if p.Problem == nil || p.Problem.Field != field {
		return nil
	}
	return templ.Attributes{"aria-invalid": "true", "aria-describedby": "problem"}
}
