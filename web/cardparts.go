package web

import (
	"context"

	"godwit/imapsession"
)

func (r *reading) invite(ctx context.Context, p *imapsession.Part) (made, error)  { return made{}, nil }
func (r *reading) contact(ctx context.Context, p *imapsession.Part) (made, error) { return made{}, nil }
func (r *reading) bounce(ctx context.Context, p *imapsession.Part) (made, error)  { return made{}, nil }
