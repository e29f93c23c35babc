"""The checks of an authorization request, one function each, in the order in which they are made.

What `OF_THE_CLIENT` refuses is told on a page of our own: the redirect URI is not known to be the client's yet. What
`OF_THE_REQUEST` refuses is told to the client.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta

from oidc_server.accounts import proofs
from oidc_server.clients import redirect_uris
from oidc_server.foundation.languages import N_
from oidc_server.foundation.printable import printable
from oidc_server.keys.jwt import InvalidToken
from oidc_server.oauth import claims_request, pkce, resource_indicators, scopes
from oidc_server.oauth.authorize.asked import AuthorizationRequest
from oidc_server.oauth.errors import (
    InvalidRequest,
    InvalidScope,
    OAuthRefused,
    RegistrationNotSupported,
    UnauthorizedClient,
    UnmetAuthenticationRequirements,
)
from oidc_server.oauth.server import AuthorizationServer
from oidc_server.tokens import id_token

PROMPTS = ("none", "login", "consent", "select_account")
ACR_VALUES = proofs.CLASSES
#: A prompt that is known only where people may make accounts for themselves.
CREATE = "create"
#: How a client may want our pages to look (OpenID Connect Core §3.1.2.1); others are ignored.
DISPLAYS = ("page", "popup", "touch", "wap")
RESPONSE_MODES = ("query", "fragment", "form_post")


class AlreadyAnswered(Exception):
    """This very interaction has led to a grant before: the request starts afresh."""


class UnknownClient(InvalidRequest):
    """There is no such client, or it is disabled."""


class UnknownRedirectUri(InvalidRequest):
    """The redirect URI is not one of the client's."""


def check_client(asked: AuthorizationRequest, server: AuthorizationServer) -> None:
    """The client exists and is enabled."""
    client_id = asked.get("client_id")
    if client_id is None:
        told = "client_id was sent more than once." if "client_id" in asked.repeated else "client_id is missing."
        raise UnknownClient(told)
    client = server.query_client(client_id)
    if client is None:
        raise UnknownClient(
            N_("The application that sent you here is not known."), because=f"client_id {printable(client_id)}"
        )
    asked.client = client


def check_redirect_uri(asked: AuthorizationRequest, server: AuthorizationServer) -> None:
    """The redirect URI is one that the client registered, letter for letter (RFC 9700 §2.1)."""
    redirect_uri = asked.get("redirect_uri")
    if redirect_uri is None:
        told = "was sent more than once" if "redirect_uri" in asked.repeated else "is missing"
        raise UnknownRedirectUri(f"redirect_uri {told}.", because=_registered(asked))
    if not asked.client.may_return_to(redirect_uri):
        told = N_("The application asked us to send you to an address that is not its own.")
        raise UnknownRedirectUri(told, because=f"received {redirect_uris.shown(redirect_uri)}, {_registered(asked)}")
    asked.redirect_uri = redirect_uri


def check_repeated(asked: AuthorizationRequest, server: AuthorizationServer) -> None:
    """No parameter was sent twice (RFC 6749 §3.1)."""
    if asked.repeated:
        raise InvalidRequest(f"The parameter {printable(asked.repeated[0])} was sent more than once (RFC 6749 3.1).")


def check_request_object(asked: AuthorizationRequest, server: AuthorizationServer) -> None:
    """What the client signed replaces what stands beside it (OpenID Connect Core §6, RFC 9101)."""
    try:
        values = server.request_objects.values(asked)
    except OAuthRefused:
        redirect_uri = asked.get("redirect_uri")
        if redirect_uri is not None and asked.client.may_return_to(redirect_uri):
            asked.redirect_uri = redirect_uri
        raise
    if values is not None:
        asked.replace(values)


def check_registration(asked: AuthorizationRequest, server: AuthorizationServer) -> None:
    """Nobody registers inside a request (OpenID Connect Core §7.2.1)."""
    if asked.get("registration") is not None:
        raise RegistrationNotSupported("The parameter registration is not supported.")


def check_response_type(asked: AuthorizationRequest, server: AuthorizationServer) -> None:
    """The client is registered for this response type."""
    allowed = asked.client.metadata.allowed_response_types
    if asked.response_type not in allowed:
        registered = ", ".join(allowed) or "none"
        raise UnauthorizedClient(
            f"The client is not registered for the response type {asked.response_type!r}.",
            because=f"registered: {registered}",
        )


def check_response_mode(asked: AuthorizationRequest, server: AuthorizationServer) -> None:
    """The answer can be sent in the way the client wants: tokens never in a query (OAuth 2.0 Multiple Response Types §3)."""
    response_mode = asked.get("response_mode")
    if response_mode not in (None, *RESPONSE_MODES):
        raise InvalidRequest(f"Received response_mode {response_mode!r}, expected one of: {', '.join(RESPONSE_MODES)}.")
    if response_mode not in (None, asked.response_mode):
        raise InvalidRequest(f"The response type {asked.response_type!r} can't be answered with response_mode query.")


def check_scope(asked: AuthorizationRequest, server: AuthorizationServer) -> None:
    """The client may ask for these scopes, and they mean something to the resources it names (RFC 8707 §2.1)."""
    known = server.issuing.resources.all()
    # Where no code comes, there is nothing to stay connected with (OpenID Connect Core §11).
    may_refresh = asked.client.may_use("refresh_token") and "code" in asked.response_types
    wanted = scopes.for_person(
        scopes.parse(asked.get("scope")), asked.client.scopes, known.scopes, may_refresh=may_refresh
    )
    asked.resources = resource_indicators.asked(asked.get(resource_indicators.PARAMETER), known)
    asked.scopes = resource_indicators.narrowed(wanted, asked.resources, known, keep_identity=True)


def check_openid(asked: AuthorizationRequest, server: AuthorizationServer) -> None:
    """An ID token is told of somebody who signs in with OpenID Connect (OpenID Connect Core §3.2.2.1)."""
    if "id_token" in asked.response_types and "openid" not in asked.scopes:
        raise InvalidScope(f"The response type {asked.response_type!r} needs the scope openid.")


def check_nonce(asked: AuthorizationRequest, server: AuthorizationServer) -> None:
    """An ID token that comes through the browser answers a nonce (OpenID Connect Core §3.2.2.1, §3.3.2.11)."""
    if "id_token" in asked.response_types and asked.get("nonce") is None:
        raise InvalidRequest(f"nonce is missing: the response type {asked.response_type!r} needs it.")


def check_pkce(asked: AuthorizationRequest, server: AuthorizationServer) -> None:
    """The client will prove that it is the one who asked (RFC 7636)."""
    if "code" not in asked.response_types:
        return
    metadata, by_default = asked.client.metadata, server.protocol.require_pkce
    is_required = metadata.is_public or (by_default if metadata.require_pkce is None else metadata.require_pkce)
    asked.code_challenge = pkce.check_challenge(
        asked.get("code_challenge"), asked.get("code_challenge_method"), is_required=is_required
    )


def check_prompt(asked: AuthorizationRequest, server: AuthorizationServer) -> None:
    """The client's wishes about asking the person don't contradict each other (OpenID Connect Core §3.1.2.1)."""
    prompts = frozenset((asked.get("prompt") or "").split())
    known = prompts_of(server)
    if unknown := sorted(prompts - set(known)):
        raise InvalidRequest(f"Received prompt {unknown[0]!r}, expected one of: {' '.join(known)}.")
    for alone in prompts & {"none", CREATE}:
        if len(prompts) > 1:
            raise InvalidRequest(f"prompt holds {alone} together with other values.")
    asked.prompts = prompts


def prompts_of(server: AuthorizationServer) -> tuple[str, ...]:
    """The prompts that mean something here (Initiating User Registration via OpenID Connect 1.0 §4.1, §4.2)."""
    return (*PROMPTS, CREATE) if server.may_sign_up else PROMPTS


def check_max_age(asked: AuthorizationRequest, server: AuthorizationServer) -> None:
    """How old a sign-in may be is a number of seconds (OpenID Connect Core §3.1.2.1)."""
    max_age, by_default = asked.get("max_age"), asked.client.metadata.default_max_age
    if max_age is None:
        asked.max_age = None if by_default is None else timedelta(seconds=by_default)
        return
    if not (max_age.isascii() and max_age.isdigit() and len(max_age) <= 9):
        raise InvalidRequest(f"Received max_age {max_age!r}, expected a number of seconds.")
    asked.max_age = timedelta(seconds=int(max_age))


def check_claims(asked: AuthorizationRequest, server: AuthorizationServer) -> None:
    """Single claims are asked for as OpenID Connect Core §5.5 says; of some it matters what they are (§5.5.1).

    Languages that nobody knows are no error (§5.2).
    """
    asked.claims = claims_request.parse(asked.get("claims"), asked.get("claims_locales"))
    asked.hinted_subjects = claims_request.demanded(asked.claims, "sub")


def check_acr(asked: AuthorizationRequest, server: AuthorizationServer) -> None:
    """An essential class of authentication is one that we know; of others we do our best (OpenID Connect Core §5.5.1.1)."""
    demanded = claims_request.demanded(asked.claims, "acr")
    by_default = " ".join(asked.client.metadata.default_acr_values)
    wanted = (
        demanded or (asked.get("acr_values") or by_default).split() or claims_request.preferred(asked.claims, "acr")
    )
    asked.acr_values = tuple(value for value in wanted if value in ACR_VALUES)
    asked.acr_is_essential = bool(demanded)
    if demanded and not asked.acr_values:
        raise UnmetAuthenticationRequirements(
            f"Received the essential acr {demanded[0]!r}, expected one of: {', '.join(ACR_VALUES)}."
        )


def check_id_token_hint(asked: AuthorizationRequest, server: AuthorizationServer) -> None:
    """The hint is an ID token that we issued to this client (OpenID Connect Core §3.1.2.1)."""
    hint = asked.get("id_token_hint")
    if hint is None:
        return
    try:
        claims = id_token.read_hint(server.issuing.ring, server.issuing.issuer, hint)
    except InvalidToken as error:
        raise InvalidRequest("id_token_hint is not an ID token of this server.", because=str(error)) from error
    if claims["aud"] != asked.client.client_id:
        raise InvalidRequest("id_token_hint was issued to another client.")
    if asked.hinted_subjects and claims["sub"] not in asked.hinted_subjects:
        raise InvalidRequest("id_token_hint and the claims parameter name different people.")
    asked.hinted_subjects = (claims["sub"],)


Check = Callable[[AuthorizationRequest, AuthorizationServer], None]

OF_THE_CLIENT: tuple[Check, ...] = (
    check_client,
    check_request_object,
    check_redirect_uri,
    check_repeated,
)
OF_THE_REQUEST: tuple[Check, ...] = (
    check_registration,
    check_response_type,
    check_response_mode,
    check_scope,
    check_openid,
    check_nonce,
    check_pkce,
    check_prompt,
    check_max_age,
    check_claims,
    check_acr,
    check_id_token_hint,
)


def run(checks: Sequence[Check], asked: AuthorizationRequest, server: AuthorizationServer) -> None:
    """Make checks in their order; once `asked.redirect_uri` is set, a refusal may be sent there."""
    for check in checks:
        check(asked, server)


def _registered(asked: AuthorizationRequest) -> str:
    return f"registered for {asked.client.client_id}: {', '.join(asked.client.metadata.redirect_uris)}"
