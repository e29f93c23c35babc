package main

import (
	"net/http"
	"net/url"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

// backchannelLogout hears from the server that the person has signed out.
func backchannelLogout(p *party) result {
	where := must(url.Parse(p.Listen))
	heard := make(chan *oidc.LogoutToken, 1)
	server := &http.Server{Addr: where.Host, ReadHeaderTimeout: time.Minute}
	server.Handler = http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		token, err := p.verifier.VerifyLogout(p.ctx, request.PostFormValue("logout_token"))
		if err != nil {
			http.Error(answer, err.Error(), http.StatusBadRequest)
			return
		}
		heard <- token
	})
	go server.ListenAndServe()

	tokens, idToken := p.signIn(nil, nil)
	found := p.identity(tokens, idToken)
	var session struct {
		ID string `json:"sid"`
	}
	must(0, idToken.Claims(&session))
	ask(map[string]any{"visit": p.logoutURL(tokens)})
	ended := <-heard
	ensure(ended.SessionID == session.ID, "sid")
	ensure(ended.Subject == "" || ended.Subject == idToken.Subject, "sub")
	return found
}
