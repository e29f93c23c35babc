package main

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

type options []oauth2.AuthCodeOption

func code(p *party) result {
	tokens, idToken := p.signIn(nil, nil)
	found := p.identity(tokens, idToken)
	stale := &oauth2.Token{RefreshToken: tokens.RefreshToken}
	fresh := must(p.TokenSource(p.ctx, stale).Token())
	before := p.introspect(fresh.AccessToken)
	p.post(p.Revocation, fresh.RefreshToken)
	after := p.introspect(fresh.AccessToken)
	found["rotated"] = fresh.RefreshToken != tokens.RefreshToken
	found["active"] = []any{before["active"], after["active"]}
	found["left"] = ask(map[string]any{"visit": p.logoutURL(tokens)}).URL
	return found
}

func clientCredentials(p *party) result {
	machine := clientcredentials.Config{
		ClientID:     p.settings.ClientID,
		ClientSecret: p.settings.ClientSecret,
		TokenURL:     p.Endpoint.TokenURL,
		Scopes:       []string{p.Scope},
	}
	tokens := must(machine.Token(p.ctx))
	told := p.introspect(tokens.AccessToken)
	return result{"active": told["active"], "client_id": told["client_id"], "scope": tokens.Extra("scope")}
}

func privateKeyJWT(p *party) result {
	p.Config.ClientSecret = ""
	p.Endpoint.AuthStyle = oauth2.AuthStyleInParams
	return p.identity(p.signIn(nil, options{
		oauth2.SetAuthURLParam("client_assertion_type", assertionType),
		oauth2.SetAuthURLParam("client_assertion", p.assertion()),
	}))
}

func formPost(p *party) result {
	return p.identity(p.signIn(options{oauth2.SetAuthURLParam("response_mode", "form_post")}, nil))
}

func hybrid(p *party) result {
	return p.identity(p.signIn(options{oauth2.SetAuthURLParam("response_type", "code id_token")}, nil))
}

func device(p *party) result {
	p.Config.ClientSecret = ""
	p.Scopes = []string{oidc.ScopeOpenID, "email"}
	begun := must(p.DeviceAuth(p.ctx))
	ask(map[string]any{"enter": begun.UserCode})
	tokens := must(p.DeviceAccessToken(p.ctx, begun))
	return p.identity(tokens, p.verified(tokens.Extra("id_token").(string)))
}

// signIn sends the person away and redeems what comes back.
func (p *party) signIn(more, exchange options) (*oauth2.Token, *oidc.IDToken) {
	verifier, state, nonce := oauth2.GenerateVerifier(), oauth2.GenerateVerifier(), oauth2.GenerateVerifier()
	own := options{
		oauth2.S256ChallengeOption(verifier),
		oidc.Nonce(nonce),
		oauth2.SetAuthURLParam("prompt", "consent"),
	}
	answer := parameters(ask(map[string]any{"visit": p.AuthCodeURL(state, append(own, more...)...)}))
	ensure(answer.Get("state") == state, "state")
	ensure(answer.Get("iss") == p.Issuer, "iss")
	if early := answer.Get("id_token"); early != "" {
		ensure(p.verified(early).Nonce == nonce, "nonce of the front channel")
	}
	tokens := must(p.Exchange(p.ctx, answer.Get("code"), append(exchange, oauth2.VerifierOption(verifier))...))
	idToken := p.verified(tokens.Extra("id_token").(string))
	ensure(idToken.Nonce == nonce, "nonce")
	if idToken.AccessTokenHash != "" {
		must(0, idToken.VerifyAccessToken(tokens.AccessToken))
	}
	return tokens, idToken
}

func (p *party) logoutURL(tokens *oauth2.Token) string {
	return p.EndSession + "?" + url.Values{
		"id_token_hint":            {tokens.Extra("id_token").(string)},
		"post_logout_redirect_uri": {p.PostLogoutRedirectURI},
		"state":                    {"goodbye"},
	}.Encode()
}

func parameters(answer back) url.Values {
	if answer.Posted != nil {
		values := url.Values{}
		for name, value := range answer.Posted {
			values.Set(name, value)
		}
		return values
	}
	location := must(url.Parse(answer.URL))
	if location.Fragment != "" {
		return must(url.ParseQuery(location.EscapedFragment()))
	}
	return location.Query()
}

func (p *party) verified(idToken string) *oidc.IDToken {
	return must(p.verifier.Verify(p.ctx, idToken))
}

func (p *party) identity(tokens *oauth2.Token, idToken *oidc.IDToken) result {
	info := must(p.provider.UserInfo(p.ctx, oauth2.StaticTokenSource(tokens)))
	ensure(info.Subject == idToken.Subject, "sub")
	return result{"sub": info.Subject, "email": info.Email}
}

func (p *party) assertion() string {
	var key jose.JSONWebKey
	must(0, json.Unmarshal(p.JWK, &key))
	signer := must(jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, nil))
	now := time.Now()
	return must(jwt.Signed(signer).Claims(jwt.Claims{
		Issuer:   p.settings.ClientID,
		Subject:  p.settings.ClientID,
		Audience: jwt.Audience{p.Issuer},
		ID:       oauth2.GenerateVerifier(),
		IssuedAt: jwt.NewNumericDate(now),
		Expiry:   jwt.NewNumericDate(now.Add(time.Minute)),
	}).Serialize())
}

func (p *party) introspect(token string) (told result) {
	response := p.post(p.Introspection, token)
	defer response.Body.Close()
	must(0, json.NewDecoder(response.Body).Decode(&told))
	return told
}

func (p *party) post(endpoint, token string) *http.Response {
	form := url.Values{"token": {token}}
	request := must(http.NewRequestWithContext(p.ctx, "POST", endpoint, strings.NewReader(form.Encode())))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(url.QueryEscape(p.settings.ClientID), url.QueryEscape(p.settings.ClientSecret))
	response := must(http.DefaultClient.Do(request))
	ensure(response.StatusCode == http.StatusOK, endpoint+": "+response.Status)
	return response
}
