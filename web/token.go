package web

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"

	"github.com/labstack/echo/v4"

	"godwit/templates"
)

// The form token is for browsers that send neither Sec-Fetch-Site nor Origin with a form. It is bound to the session, or on the sign-in page to
// a cookie of that page's, and differs each time: nonce, then HMAC(key, nonce and binding).

const tokenNonce = 12 // octets

func (s *Server) newToken(binding string) string {
	nonce := make([]byte, tokenNonce)
	rand.Read(nonce)
	return base64.RawURLEncoding.EncodeToString(append(nonce, s.tokenMAC(nonce, binding)...))
}

func (s *Server) tokenMAC(nonce []byte, binding string) []byte {
	mac := hmac.New(sha256.New, s.tokenKey)
	mac.Write(nonce)
	mac.Write([]byte(binding))
	return mac.Sum(nil)[:16]
}

func (s *Server) validToken(token, binding string) bool {
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(b) < tokenNonce {
		return false
	}
	return hmac.Equal(b[tokenNonce:], s.tokenMAC(b[:tokenNonce], binding))
}

// loginCookie binds the token of the sign-in page.
const loginCookie = "godwit-form"

// putLoginToken sets the sign-in page's cookie, unless the browser has one, and gives the token to templates.
func (s *Server) putLoginToken(c echo.Context) {
	binding := loginBinding(c.Request())
	if binding == "" {
		var b [16]byte
		rand.Read(b[:])
		binding = base64.RawURLEncoding.EncodeToString(b[:])
		c.SetCookie(&http.Cookie{
			Name: loginCookie, Value: binding, Path: s.o.Base.Login(), HttpOnly: true, Secure: requestOf(c).https, SameSite: http.SameSiteLaxMode,
		})
	}
	c.SetRequest(c.Request().WithContext(templates.WithFormToken(c.Request().Context(), s.newToken("login "+binding))))
}

func loginBinding(r *http.Request) string {
	cookie, err := r.Cookie(loginCookie)
	if err != nil || len(cookie.Value) > 64 {
		return ""
	}
	return cookie.Value
}

// consentTo binds a consent to remote images to the visit; it opens no form, and a form's token is no consent.
func consentTo(v *visit) string { return "remote images " + v.id }

// consented tells whether a page of ours in this very visit asked for remote images. Another site's link says so in Sec-Fetch-Site; a link in a mail, which is shown in a
// frame of our origin, does not, but can't know the token.
func (s *Server) consented(c echo.Context, token string) bool {
	return token != "" && sameOrigin(c.Request()) && s.validToken(token, consentTo(visitOf(c)))
}

// tokenHolds checks the token of a form that came without Sec-Fetch-Site and Origin.
//
// A sign-in that carries no cookie of ours at all is let through: it comes from a program (the form's two fields are a public contract), or from a browser that never saw our
// page and is too old to say where its forms come from; all that a forger could do is to sign that browser in as someone else.
func (s *Server) tokenHolds(c echo.Context) bool {
	r := c.Request()
	token := r.PostForm.Get("token")
	if token == "" {
		token = r.PostForm.Get("csrf")
	}
	if v, ok := c.Get(string(visitKey)).(*visit); ok {
		return s.validToken(token, v.id)
	}
	binding := loginBinding(r)
	if binding == "" {
		_, err := r.Cookie(s.cookieName(c))
		return err != nil && r.Header.Get("Referer") == ""
	}
	return s.validToken(token, "login "+binding)
}
