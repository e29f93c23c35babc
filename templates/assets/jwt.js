// Signed tokens, read and checked with the browser's own cryptography. A check has a name, a result and what was found.

const LEEWAY_SECONDS = 60; // clocks differ
const RSA = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };

const octets = (text) => new TextEncoder().encode(text);
const sha256 = (text) => crypto.subtle.digest("SHA-256", octets(text));

export const base64url = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

/** 256 random bits: a state, a nonce or a code verifier. */
export const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

/** The S256 challenge of a verifier (RFC 7636 §4.2). */
export const challenge = async (verifier) => base64url(await sha256(verifier));

export const check = (name, passed, found) => ({ name, passed: Boolean(passed), found: String(found ?? "missing") });

function unbase64url(text) {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

/** The parts of a token, not to be believed yet. */
export function decode(token) {
  const [header, claims, signature] = token.split(".");
  const read = (part) => JSON.parse(new TextDecoder().decode(unbase64url(part)));
  return { token, header: read(header), claims: read(claims), signed: `${header}.${claims}`, signature };
}

/** The checks of an ID token (OpenID Connect Core §3.1.3.7); a refreshed one need not repeat the nonce (§12.2). */
export async function checkIdToken(decoded, { issuer, clientId, keys, nonce, accessToken, refreshedFor }) {
  const { claims } = decoded;
  const audience = [claims.aud].flat();
  const isForUs = audience.includes(clientId) && (audience.length === 1 || claims.azp === clientId);
  const half = base64url((await sha256(accessToken)).slice(0, 16));
  const nonceIsRight = claims.nonce === nonce || (refreshedFor && claims.nonce === undefined);
  return [
    ...(await checkSignature(decoded, keys)),
    check("iss is our issuer", claims.iss === issuer, claims.iss),
    check("aud is this app", isForUs, audience.join(", ")),
    ...checkTimes(claims),
    check("nonce is the one we sent", nonceIsRight, claims.nonce ?? (refreshedFor ? "not repeated on refresh" : undefined)),
    check("at_hash fits the access token", claims.at_hash === half, claims.at_hash),
    ...(refreshedFor ? [check("sub is the same person as before", claims.sub === refreshedFor, claims.sub)] : []),
  ];
}

/** The checks of an access token, as a resource server makes them (RFC 9068 §4). */
export async function checkAccessToken(decoded, { issuer, clientId, keys, audience }) {
  const { header, claims } = decoded;
  const named = [claims.aud ?? []].flat();
  const isMeant = audience === undefined ? named.length > 0 : named.includes(audience);
  return [
    check("typ is at+jwt", /^(application\/)?at\+jwt$/i.test(header.typ), header.typ),
    ...(await checkSignature(decoded, keys)),
    check("iss is our issuer", claims.iss === issuer, claims.iss),
    check(audience === undefined ? "aud names an API" : "aud names the userinfo endpoint’s server", isMeant, named.join(", ")),
    check("client_id is this app", claims.client_id === clientId, claims.client_id),
    ...checkTimes(claims),
  ];
}

async function checkSignature({ header, signed, signature }, keys) {
  const key = keys.find((one) => one.kid === header.kid && one.kty === "RSA");
  const isRight = key !== undefined && header.alg === "RS256" && (await verify(key, signed, signature));
  return [
    check("alg is RS256", header.alg === "RS256", header.alg),
    check("kid is in the server’s JWKS", key, header.kid),
    check("Signature is valid", isRight, isRight ? "made with that key" : "not made with that key"),
  ];
}

async function verify({ kty, n, e }, signed, signature) {
  try {
    const key = await crypto.subtle.importKey("jwk", { kty, n, e }, RSA, false, ["verify"]);
    return await crypto.subtle.verify(RSA.name, key, unbase64url(signature), octets(signed));
  } catch {
    return false; // not even a key, or a signature
  }
}

function checkTimes({ exp, iat }) {
  const now = Date.now() / 1000;
  return [
    check("exp is still to come", exp > now, exp && (exp > now ? `in ${span(exp - now)}` : `${span(now - exp)} ago`)),
    check("iat is not in the future", iat <= now + LEEWAY_SECONDS, iat && `${span(Math.max(0, now - iat))} ago`),
  ];
}

function span(seconds) {
  return seconds < 90 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
}
