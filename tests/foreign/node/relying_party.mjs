// A relying party with openid-client: `node relying_party.mjs FLOW`, its settings as JSON in the variable RELYING_PARTY.
// It writes {"visit": URL} or {"enter": USER_CODE}, reads what became of it, and at last writes {"result": {…}}.
import './webcrypto.mjs'
import { createInterface } from 'node:readline'
import * as client from 'openid-client'

const party = JSON.parse(process.env.RELYING_PARTY)
const insecure = { execute: [client.allowInsecureRequests] } // the server under test speaks http on loopback
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()

const say = (message) => process.stdout.write(JSON.stringify(message) + '\n')

async function ask(message) {
  say(message)
  return JSON.parse((await lines.next()).value)
}

async function discover(authentication = client.ClientSecretBasic(party.client_secret), id = party.client_id) {
  const config = await client.discovery(new URL(party.issuer), id, undefined, authentication, insecure)
  client.enableNonRepudiationChecks(config) // ID tokens are verified with our keys, not only because TLS brought them
  return config
}

// Sends the person away and redeems what comes back.
async function signIn(config, more = {}) {
  const verifier = client.randomPKCECodeVerifier()
  const [state, nonce] = [client.randomState(), client.randomNonce()]
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: party.redirect_uri,
    scope: 'openid profile email offline_access',
    prompt: 'consent',
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
    ...more,
  })
  const back = await ask({ visit: url.href })
  const answer = back.posted
    ? new Request(back.url, { method: 'POST', body: new URLSearchParams(back.posted) })
    : new URL(back.url)
  const checks = { pkceCodeVerifier: verifier, expectedNonce: nonce, expectedState: state, idTokenExpected: true }
  return client.authorizationCodeGrant(config, answer, checks)
}

async function identity(config, tokens) {
  const { sub } = tokens.claims()
  const { email } = await client.fetchUserInfo(config, tokens.access_token, sub)
  return { sub, email }
}

const flows = {
  async code() {
    const config = await discover()
    const tokens = await signIn(config)
    const who = await identity(config, tokens)
    const fresh = await client.refreshTokenGrant(config, tokens.refresh_token)
    const before = await client.tokenIntrospection(config, fresh.access_token)
    await client.tokenRevocation(config, fresh.refresh_token)
    const after = await client.tokenIntrospection(config, fresh.access_token)
    const logout = client.buildEndSessionUrl(config, {
      id_token_hint: fresh.id_token ?? tokens.id_token,
      post_logout_redirect_uri: party.post_logout_redirect_uri,
      state: 'goodbye',
    })
    return {
      ...who,
      rotated: fresh.refresh_token !== tokens.refresh_token,
      active: [before.active, after.active],
      left: (await ask({ visit: logout.href })).url,
    }
  },

  async client_credentials() {
    const config = await discover()
    const tokens = await client.clientCredentialsGrant(config, { scope: party.scope })
    const { active, client_id } = await client.tokenIntrospection(config, tokens.access_token)
    return { active, client_id, scope: tokens.scope }
  },

  async private_key_jwt() {
    const { alg, kid, ...jwk } = party.jwk
    const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
    const key = await crypto.subtle.importKey('jwk', jwk, algorithm, false, ['sign'])
    const config = await discover(client.PrivateKeyJwt({ key, kid }))
    return identity(config, await signIn(config))
  },

  async form_post() {
    const config = await discover()
    return identity(config, await signIn(config, { response_mode: 'form_post' }))
  },

  async hybrid() {
    const config = await discover()
    client.useCodeIdTokenResponseType(config)
    return identity(config, await signIn(config))
  },

  async device() {
    const config = await discover(client.None())
    const begun = await client.initiateDeviceAuthorization(config, { scope: 'openid email' })
    await ask({ enter: begun.user_code })
    return identity(config, await client.pollDeviceAuthorizationGrant(config, begun))
  },

  async registration() {
    const config = await client.dynamicClientRegistration(
      new URL(party.issuer),
      {
        client_name: 'Node',
        redirect_uris: [party.redirect_uri],
        token_endpoint_auth_method: 'client_secret_post', // what this library does with a secret unless told otherwise
      },
      undefined,
      insecure,
    )
    client.enableNonRepudiationChecks(config)
    return identity(config, await signIn(config))
  },
}

say({ result: await flows[process.argv[2]]() })
process.exit(0)
