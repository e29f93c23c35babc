"""The conversation with an upstream: where a person is sent, and what is believed of what comes back."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from oidc_server.clients import key_sets
from oidc_server.clients.key_sets import KeySets, Unverified
from oidc_server.federation import attempts, id_token, redeeming, told
from oidc_server.federation.attempts import Attempt
from oidc_server.federation.definition import LdapUpstream, OAuth2Upstream, OidcUpstream
from oidc_server.federation.discovery import Discovery, Provider
from oidc_server.federation.id_token import Expected
from oidc_server.federation.redeeming import Redemption
from oidc_server.federation.refusals import Declined, NotAdmitted, NotBelieved, NotFreshEnough
from oidc_server.federation.told import Told
from oidc_server.federation.upstreams import Known, Upstreams
from oidc_server.foundation.languages import N_
from oidc_server.foundation.outbound.client import Outbound
from oidc_server.foundation.printable import printable
from oidc_server.foundation.sealing import Sealing

_NOT_FROM_HERE = N_("With this account of the other provider you cannot sign in here.")


class Conversation:
    """Speaks with every upstream that has a button; call it inside `Database.run`."""

    def __init__(self, issuer: str, sealing: Sealing, upstreams: Upstreams, outbound: Outbound, sets: KeySets) -> None:
        self._issuer = issuer
        self._sealing = sealing
        self._upstreams = upstreams
        self._outbound = outbound
        self._key_sets = sets
        self._discovery = Discovery(outbound)

    def begin(self, known: Known, attempt: Attempt) -> str:
        """The address at the upstream to which the person is sent."""
        about = known.about
        assert not isinstance(about, LdapUpstream)  # noqa: S101 - it has no button
        parameters = {
            "response_type": "code",
            "client_id": about.client_id,
            "redirect_uri": self.redirect_uri(known.slug),
            "scope": " ".join(about.scopes),
            "state": attempts.seal(self._sealing, attempt),
            "code_challenge": attempts.challenge(self._sealing, attempt),
            "code_challenge_method": "S256",
        }
        if isinstance(about, OAuth2Upstream):
            _check_can_be_fresh(attempt)
            return _with_query(about.authorization_endpoint, parameters)
        parameters["nonce"] = attempts.nonce(self._sealing, attempt)
        parameters |= _wishes(about, attempt)
        return _with_query(self._discovery.find(about).authorization_endpoint, parameters)

    def finish(self, known: Known, attempt: Attempt, parameters: Mapping[str, str]) -> Told:
        """What the upstream tells of the person who came back with these parameters; an `UpstreamRefused` otherwise."""
        about = known.about
        assert not isinstance(about, LdapUpstream)  # noqa: S101 - it has no button
        provider = self._discovery.find(about) if isinstance(about, OidcUpstream) else None
        if provider is not None:
            _check_sender(provider, parameters)
        if "error" in parameters:
            raise Declined(f"error {printable(parameters['error'])}")
        if not parameters.get("code"):
            raise NotBelieved("the answer holds neither code nor error")
        what = Redemption(
            parameters["code"],
            self.redirect_uri(known.slug),
            attempts.verifier(self._sealing, attempt),
            self._upstreams.secret(known),
        )
        if isinstance(about, OAuth2Upstream):
            found = self._of_oauth2(about, attempt, what)
        else:
            assert provider is not None  # noqa: S101 - discovered above
            found = self._of_openid(about, provider, attempt, what)
        if not told.is_in_domains(found, about.email_domains):
            raise NotAdmitted(_NOT_FROM_HERE, because="the e-mail address is not verified in an allowed domain")
        return found

    def redirect_uri(self, slug: str) -> str:
        """Where an upstream sends people back: each one to an address of its own (RFC 9700 §4.4.2.1)."""
        return f"{self._issuer}/login/upstream/{slug}/callback"

    def _of_openid(self, about: OidcUpstream, provider: Provider, attempt: Attempt, what: Redemption) -> Told:
        tokens = redeeming.redeem(self._outbound, provider.token_endpoint, about, what)
        expected = Expected(
            provider.issuer,
            about.client_id,
            attempts.nonce(self._sealing, attempt),
            tokens["access_token"],
            attempt.started_at,
            attempt.max_age,
            anew="login" in attempt.prompts,
            asks_anew=about.asks_anew,
        )
        signed = self._id_claims(provider, tokens, expected)
        claims = {**signed, **self._userinfo(provider, tokens["access_token"], signed["sub"])}
        if about.hosted_domains and signed.get("hd") not in about.hosted_domains:
            raise NotAdmitted(_NOT_FROM_HERE, because="hd is not one of hosted_domains")
        values = told.mapped(about, claims)
        known_by = told.methods(signed.get("amr")) if about.trust_amr else ()
        at = id_token.authenticated_at(signed, expected)
        email = told.email_of(values)
        return Told(about.slug, provider.issuer, signed["sub"], values, *email, amr=known_by, authenticated_at=at)

    def _id_claims(self, provider: Provider, tokens: Mapping[str, Any], expected: Expected) -> dict[str, Any]:
        token = tokens.get("id_token")
        if not isinstance(token, str):
            raise NotBelieved("token endpoint: no ID token")
        try:
            claims = self._key_sets.verify_published(provider.jwks_uri, token, id_token.ALGORITHMS)
            header = key_sets.header_of(token)
        except Unverified as error:
            raise NotBelieved(f"ID token: {error}") from error
        id_token.check(claims, header, expected)
        return claims

    def _userinfo(self, provider: Provider, access_token: str, subject: str) -> dict[str, Any]:
        if provider.userinfo_endpoint is None:
            return {}
        found = redeeming.ask(self._outbound, provider.userinfo_endpoint, access_token)
        if not isinstance(found, dict) or found.get("sub") != subject:
            # Another person's token, put in place of the right one (Core §5.3.2).
            raise NotBelieved("userinfo: another subject")
        return found

    def _of_oauth2(self, about: OAuth2Upstream, attempt: Attempt, what: Redemption) -> Told:
        _check_can_be_fresh(attempt)
        tokens = redeeming.redeem(self._outbound, about.token_endpoint, about, what)
        claims = redeeming.ask(self._outbound, about.userinfo_endpoint, tokens["access_token"])
        subject = claims.get(about.subject_claim) if isinstance(claims, dict) else None
        # A number is as good: GitHub counts its users. True and 1.0 would be other spellings of 1.
        text = str(subject) if type(subject) in (str, int) else ""
        if not 0 < len(text) <= told.MAX_SUBJECT:
            raise NotBelieved(f"userinfo: no {about.subject_claim}")
        values = told.mapped(about, claims)
        if about.emails_endpoint is not None:
            values |= _primary(redeeming.ask(self._outbound, about.emails_endpoint, tokens["access_token"]))
        return Told(about.slug, _origin(about.userinfo_endpoint), text, values, *told.email_of(values))


def _check_can_be_fresh(attempt: Attempt) -> None:
    """Raise NotFreshEnough where a recent proof is due, of which OAuth without OpenID Connect knows nothing."""
    if attempt.max_age is not None:
        raise NotFreshEnough("an oauth2 upstream never says when somebody proved who they are")


def _wishes(about: OidcUpstream, attempt: Attempt) -> dict[str, str]:
    """What the application wants of the sign-in, and which accounts are of use (Core §3.1.2.1)."""
    wishes = {}
    if attempt.prompts:
        wishes["prompt"] = " ".join(attempt.prompts)
    if attempt.max_age is not None:
        wishes["max_age"] = str(attempt.max_age)
    if len(about.hosted_domains) == 1:
        wishes["hd"] = about.hosted_domains[0]
    return wishes


def _check_sender(provider: Provider, parameters: Mapping[str, str]) -> None:
    """Raise NotBelieved if another provider answers than the one we asked (mix-up; RFC 9207 §2.4)."""
    sender = parameters.get("iss")
    if sender is None and provider.names_itself:
        raise NotBelieved("the answer lacks iss")
    if sender is not None and sender != provider.issuer:
        raise NotBelieved("iss in the answer is another issuer")


def _primary(listed: Any) -> dict[str, Any]:
    """The address among a person's own that they call the primary one."""
    for one in listed if isinstance(listed, list) else []:
        if isinstance(one, dict) and one.get("primary") is True:
            return {"email": one.get("email"), "email_verified": one.get("verified")}
    return {}


def _with_query(endpoint: str, parameters: Mapping[str, str]) -> str:
    """An endpoint's address with these parameters after those that it has (RFC 6749 §3.1)."""
    parts = urlsplit(endpoint)
    query = "&".join(filter(None, (parts.query, urlencode(parameters))))
    return urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
