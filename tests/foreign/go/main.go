// A relying party with go-oidc and x/oauth2: `relying_party FLOW`, its settings as JSON in the variable RELYING_PARTY.
// It writes {"visit": URL} or {"enter": USER_CODE}, reads what became of it, and at last writes {"result": {…}}.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"log"
	"os"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

type settings struct {
	Issuer                string
	ClientID              string          `json:"client_id"`
	ClientSecret          string          `json:"client_secret"`
	RedirectURI           string          `json:"redirect_uri"`
	PostLogoutRedirectURI string          `json:"post_logout_redirect_uri"`
	Scope                 string          `json:"scope"`
	Listen                string          `json:"listen"`
	JWK                   json.RawMessage `json:"jwk"`
}

// What go-oidc's Provider keeps to itself.
type endpoints struct {
	Introspection string `json:"introspection_endpoint"`
	Revocation    string `json:"revocation_endpoint"`
	EndSession    string `json:"end_session_endpoint"`
}

type party struct {
	settings
	endpoints
	oauth2.Config
	provider *oidc.Provider
	verifier *oidc.IDTokenVerifier
	ctx      context.Context
}

type result map[string]any

// Where a browser got to, and what a form would have posted there.
type back struct {
	URL    string
	Posted map[string]string
}

var lines = bufio.NewReader(os.Stdin)

var flows = map[string]func(*party) result{
	"code":               code,
	"client_credentials": clientCredentials,
	"private_key_jwt":    privateKeyJWT,
	"form_post":          formPost,
	"hybrid":             hybrid,
	"device":             device,
	"backchannel_logout": backchannelLogout,
}

func main() {
	flow := flows[os.Args[1]]
	say(map[string]any{"result": flow(discover())})
}

func discover() *party {
	p := &party{ctx: context.Background()}
	must(0, json.Unmarshal([]byte(os.Getenv("RELYING_PARTY")), &p.settings))
	p.provider = must(oidc.NewProvider(p.ctx, p.Issuer))
	must(0, p.provider.Claims(&p.endpoints))
	p.verifier = p.provider.Verifier(&oidc.Config{ClientID: p.settings.ClientID})
	p.Config = oauth2.Config{
		ClientID:     p.settings.ClientID,
		ClientSecret: p.settings.ClientSecret,
		RedirectURL:  p.RedirectURI,
		Endpoint:     p.provider.Endpoint(),
		Scopes:       []string{oidc.ScopeOpenID, "profile", "email", oidc.ScopeOfflineAccess},
	}
	return p
}

func say(message map[string]any) {
	must(0, json.NewEncoder(os.Stdout).Encode(message))
}

func ask(message map[string]any) (answer back) {
	say(message)
	line := must(lines.ReadBytes('\n'))
	must(0, json.Unmarshal(line, &answer))
	return answer
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Panic(err)
	}
	return value
}

func ensure(holds bool, what string) {
	if !holds {
		log.Panic(what)
	}
}
