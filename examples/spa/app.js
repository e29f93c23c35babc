// An app in the browser: code flow with PKCE, no library. Serve it on http://localhost:3002.
// For a real app use a maintained library (oidc-client-ts, for one): it also verifies the ID token and renews tokens.

const settings = {
  issuer: new URLSearchParams(location.hash.slice(1)).get("issuer") || sessionStorage.issuer || "http://localhost:8000",
  client_id: "demo-spa",
  redirect_uri: location.origin + "/",
  scope: "openid profile email",
};
sessionStorage.issuer = settings.issuer;

const base64url = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));
const discover = async () => (await fetch(settings.issuer + "/.well-known/openid-configuration")).json();
const show = (text) => (document.querySelector("#status").textContent = text);

async function login() {
  const { authorization_endpoint } = await discover();
  sessionStorage.verifier = random();
  sessionStorage.state = random();
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(sessionStorage.verifier));
  location.href = authorization_endpoint + "?" + new URLSearchParams({
    response_type: "code",
    client_id: settings.client_id,
    redirect_uri: settings.redirect_uri,
    scope: settings.scope,
    state: sessionStorage.state,
    code_challenge: base64url(hash),
    code_challenge_method: "S256",
  });
}

async function finish(answer) {
  history.replaceState(null, "", "/");
  if (answer.get("state") !== sessionStorage.state || answer.get("iss") !== settings.issuer) {
    return show("This answer is not for us.");
  }
  if (answer.has("error")) {
    return show("Signing in failed: " + answer.get("error_description"));
  }
  const { token_endpoint, userinfo_endpoint } = await discover();
  const body = new URLSearchParams({
    grant_type: "authorization_code",
    client_id: settings.client_id,
    redirect_uri: settings.redirect_uri,
    code: answer.get("code"),
    code_verifier: sessionStorage.verifier,
  });
  const tokens = await (await fetch(token_endpoint, { method: "POST", body })).json();
  const headers = { Authorization: "Bearer " + tokens.access_token };
  const claims = await (await fetch(userinfo_endpoint, { headers })).json();
  sessionStorage.id_token = tokens.id_token;
  show("Hello " + claims.name + ".");
  document.querySelector("#claims").textContent = JSON.stringify(claims, null, 2);
  document.querySelector("#login").hidden = true;
  document.querySelector("#logout").hidden = false;
}

async function logout() {
  const { end_session_endpoint } = await discover();
  location.href = end_session_endpoint + "?" + new URLSearchParams({
    id_token_hint: sessionStorage.id_token,
    post_logout_redirect_uri: settings.redirect_uri,
  });
}

document.querySelector("#login").onclick = login;
document.querySelector("#logout").onclick = logout;
const answer = new URLSearchParams(location.search);
if (answer.has("state")) {
  await finish(answer);
}
