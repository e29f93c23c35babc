"""Which path leads to which endpoint, and which grants and client authentication methods there are."""

from dataclasses import dataclass
from enum import Enum

from fastapi import APIRouter

from oidc_server.accounts.visitors import Visitors
from oidc_server.clients.key_sets import KeySets
from oidc_server.clients.registry import Registry
from oidc_server.clients.software_statements import SoftwareStatements
from oidc_server.foundation.outbound.client import Outbound
from oidc_server.foundation.rate_limits.throttle import Throttles
from oidc_server.foundation.sealing import Sealing
from oidc_server.foundation.web.error_pages import ErrorPages
from oidc_server.foundation.web.pages import Pages
from oidc_server.foundation.web.routing import mount
from oidc_server.oauth import described, discovery
from oidc_server.oauth.authorize.consent import ConsentPage
from oidc_server.oauth.authorize.endpoint import AuthorizationEndpoint
from oidc_server.oauth.authorize.responses import Responder
from oidc_server.oauth.client_auth.assertion import AssertionAuthentication
from oidc_server.oauth.client_auth.certificate import CertificateAuthentication
from oidc_server.oauth.client_auth.client_secret import SecretAuthentication
from oidc_server.oauth.client_auth.none import NoAuthentication
from oidc_server.oauth.client_configuration import ClientConfigurationEndpoint
from oidc_server.oauth.device.code_page import CodePage
from oidc_server.oauth.device.confirm_page import ConfirmPage
from oidc_server.oauth.device.endpoint import DeviceAuthorizationEndpoint
from oidc_server.oauth.device.guesses import Guesses
from oidc_server.oauth.grants.authorization_code import AuthorizationCodeGrant
from oidc_server.oauth.grants.client_credentials import ClientCredentialsGrant
from oidc_server.oauth.grants.device_code import DeviceCodeGrant
from oidc_server.oauth.grants.hybrid import HybridGrant
from oidc_server.oauth.grants.implicit import ImplicitGrant
from oidc_server.oauth.grants.password import PasswordGrant
from oidc_server.oauth.grants.refresh_token import RefreshTokenGrant
from oidc_server.oauth.introspection import IntrospectionEndpoint
from oidc_server.oauth.logout.check_session import CheckSession
from oidc_server.oauth.logout.endpoint import LogoutEndpoint
from oidc_server.oauth.registrar import Registrar
from oidc_server.oauth.registration import RegistrationEndpoint
from oidc_server.oauth.revocation import RevocationEndpoint
from oidc_server.oauth.server import AuthorizationServer
from oidc_server.oauth.token import TokenEndpoint
from oidc_server.oauth.userinfo import UserinfoEndpoint
from oidc_server.settings.model import Settings

#: What scripts of registered origins may call; /authorize and the pages are for navigation only.
CORS_PATHS = frozenset({"/token", "/device_authorization", "/userinfo", "/revoke", "/introspect", "/jwks"})

_GRANTS = (
    AuthorizationCodeGrant,
    ImplicitGrant,
    HybridGrant,
    RefreshTokenGrant,
    ClientCredentialsGrant,
    PasswordGrant,
    DeviceCodeGrant,
)
_OAUTH: list[str | Enum] = ["OAuth 2"]
_OPENID: list[str | Enum] = ["OpenID Connect"]
_REGISTRATION: list[str | Enum] = ["Client registration"]


@dataclass(frozen=True)
class Surroundings:
    """What the endpoints need besides the authorization server."""

    settings: Settings
    pages: Pages
    error_pages: ErrorPages
    visitors: Visitors
    throttles: Throttles
    statements: SoftwareStatements
    outbound: Outbound


def register(
    server: AuthorizationServer,
    registry: Registry,
    sealing: Sealing,
    sets: KeySets,
    *,
    by_certificate: tuple[str, ...] = (),
) -> None:
    """Tell the server its grants and client authentication methods."""
    for grant in _GRANTS:
        server.register_grant(grant)
    by_assertion = AssertionAuthentication(server.issuing.issuer, server.database, registry, sealing, sets)
    for authentication in (NoAuthentication(registry), SecretAuthentication(registry, sealing), by_assertion):
        server.register_authentication(authentication)
    if by_certificate:
        server.register_authentication(CertificateAuthentication(by_certificate, registry, sets))


def build(server: AuthorizationServer, around: Surroundings) -> APIRouter:
    """The router of every endpoint."""
    router = APIRouter()
    _mount_direct(router, server, around.settings)
    _mount_registration(router, server, around)
    _mount_pages(router, server, around)
    _mount_device(router, server, around)
    return router


def _mount_direct(router: APIRouter, server: AuthorizationServer, settings: Settings) -> None:
    """What clients call themselves."""
    token, about = TokenEndpoint(settings, server), described.form(described.ABOUT_A_TOKEN, "token")
    introspection, revocation = IntrospectionEndpoint(settings, server), RevocationEndpoint(settings, server)
    userinfo = UserinfoEndpoint(server)
    exchange = described.form(described.TOKEN, "grant_type")
    router.add_api_route("/token", token.redeem, methods=["POST"], tags=_OAUTH, openapi_extra=exchange)
    router.add_api_route("/introspect", introspection.tell, methods=["POST"], tags=_OAUTH, openapi_extra=about)
    router.add_api_route("/revoke", revocation.end, methods=["POST"], tags=_OAUTH, openapi_extra=about)
    router.add_api_route("/userinfo", userinfo.tell, methods=["GET", "POST"], tags=_OPENID)


def _mount_registration(router: APIRouter, server: AuthorizationServer, around: Surroundings) -> None:
    """How clients register themselves; told in the metadata only where they may."""
    registrar = Registrar(around.settings, server, around.statements, around.outbound)
    registration = RegistrationEndpoint(server, registrar, around.throttles)
    configuration = ClientConfigurationEndpoint(server, registrar)
    path, about = discovery.REGISTRATION_PATH, described.json_body(described.REGISTRATION)
    router.add_api_route(path, registration.register, methods=["POST"], tags=_REGISTRATION, openapi_extra=about)
    path, about = path + "/{client_id}", described.path("client_id")
    methods = ["GET", "PUT", "DELETE"]
    router.add_api_route(path, configuration.manage, methods=methods, tags=_REGISTRATION, openapi_extra=about)


def _mount_pages(router: APIRouter, server: AuthorizationServer, around: Surroundings) -> None:
    """What people pass through in their browser."""
    responder = Responder(around.settings.issuer, around.pages)
    authorize = AuthorizationEndpoint(
        around.settings, server, around.pages, around.error_pages, around.visitors, responder
    )
    consent = ConsentPage(around.settings, server, around.pages, around.visitors)
    asking, leaving = described.query(described.AUTHORIZE), described.query(described.LOGOUT)
    logout = LogoutEndpoint(server, around.pages, around.error_pages, around.visitors)
    router.add_api_route("/authorize", authorize.authorize, methods=["GET", "POST"], tags=_OAUTH, openapi_extra=asking)
    mount(router, "/consent", get=consent.show_consent, post=consent.submit_consent)
    router.add_api_route("/logout", logout.log_out, methods=["GET", "POST"], tags=_OPENID, openapi_extra=leaving)
    mount(router, "/logout/confirm", post=logout.confirm)
    checking = CheckSession(around.pages, around.visitors.state_cookie)
    router.add_api_route("/check_session", checking.show, methods=["GET", "HEAD"], tags=_OPENID)


def _mount_device(router: APIRouter, server: AuthorizationServer, around: Surroundings) -> None:
    """What a device calls, and what its person passes through in a browser elsewhere."""
    endpoint, about = DeviceAuthorizationEndpoint(around.settings, server), described.form(described.DEVICE)
    guesses = Guesses(around.settings.throttle, server, around.throttles)
    code = CodePage(server, around.pages, around.visitors, guesses)
    confirm = ConfirmPage(around.settings, server, around.pages, around.visitors)
    router.add_api_route("/device_authorization", endpoint.begin, methods=["POST"], tags=_OAUTH, openapi_extra=about)
    mount(router, "/device", get=code.show_form, post=code.submit_code)
    mount(router, "/device/confirm", get=confirm.show_question, post=confirm.submit_decision)
