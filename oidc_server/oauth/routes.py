"""Which path leads to which endpoint, and which grants and client authentication methods there are."""

from dataclasses import dataclass

from fastapi import APIRouter

from oidc_server.accounts.visitors import Visitors
from oidc_server.clients.registry import Registry
from oidc_server.foundation.sealing import Sealing
from oidc_server.foundation.web.error_pages import ErrorPages
from oidc_server.foundation.web.pages import Pages
from oidc_server.foundation.web.routing import mount
from oidc_server.oauth.authorize.consent import ConsentPage
from oidc_server.oauth.authorize.endpoint import AuthorizationEndpoint
from oidc_server.oauth.authorize.responses import Responder
from oidc_server.oauth.client_auth.client_secret import SecretAuthentication
from oidc_server.oauth.client_auth.none import NoAuthentication
from oidc_server.oauth.grants.authorization_code import AuthorizationCodeGrant
from oidc_server.oauth.grants.client_credentials import ClientCredentialsGrant
from oidc_server.oauth.grants.password import PasswordGrant
from oidc_server.oauth.grants.refresh_token import RefreshTokenGrant
from oidc_server.oauth.introspection import IntrospectionEndpoint
from oidc_server.oauth.logout.endpoint import LogoutEndpoint
from oidc_server.oauth.revocation import RevocationEndpoint
from oidc_server.oauth.server import AuthorizationServer
from oidc_server.oauth.token import TokenEndpoint
from oidc_server.oauth.userinfo import UserinfoEndpoint
from oidc_server.settings import Settings

#: What scripts of registered origins may call; /authorize and the pages are for navigation only.
CORS_PATHS = frozenset({"/token", "/userinfo", "/revoke", "/introspect", "/jwks"})


@dataclass(frozen=True)
class Surroundings:
    """What the endpoints need besides the authorization server."""

    settings: Settings
    pages: Pages
    error_pages: ErrorPages
    visitors: Visitors


def register(server: AuthorizationServer, registry: Registry, sealing: Sealing) -> None:
    """Tell the server its grants and client authentication methods."""
    for grant in (AuthorizationCodeGrant, RefreshTokenGrant, ClientCredentialsGrant, PasswordGrant):
        server.register_grant(grant)
    for authentication in (NoAuthentication(registry), SecretAuthentication(registry, sealing)):
        server.register_authentication(authentication)


def build(server: AuthorizationServer, around: Surroundings) -> APIRouter:
    """The router of every endpoint."""
    router = APIRouter()
    _mount_direct(router, server, around.settings)
    _mount_pages(router, server, around)
    return router


def _mount_direct(router: APIRouter, server: AuthorizationServer, settings: Settings) -> None:
    """What clients call themselves."""
    userinfo = UserinfoEndpoint(server)
    router.add_api_route("/token", TokenEndpoint(settings, server).redeem, methods=["POST"], tags=["OAuth 2"])
    router.add_api_route(
        "/introspect", IntrospectionEndpoint(settings, server).tell, methods=["POST"], tags=["OAuth 2"]
    )
    router.add_api_route("/revoke", RevocationEndpoint(settings, server).end, methods=["POST"], tags=["OAuth 2"])
    router.add_api_route("/userinfo", userinfo.tell, methods=["GET", "POST"], tags=["OpenID Connect"])


def _mount_pages(router: APIRouter, server: AuthorizationServer, around: Surroundings) -> None:
    """What people pass through in their browser."""
    responder = Responder(around.settings.issuer)
    authorize = AuthorizationEndpoint(
        around.settings, server, around.pages, around.error_pages, around.visitors, responder
    )
    consent = ConsentPage(around.settings, server, around.pages, around.visitors)
    logout = LogoutEndpoint(server, around.pages, around.error_pages, around.visitors)
    router.add_api_route("/authorize", authorize.authorize, methods=["GET", "POST"], tags=["OAuth 2"])
    mount(router, "/consent", get=consent.show_consent, post=consent.submit_consent)
    router.add_api_route("/logout", logout.log_out, methods=["GET", "POST"], tags=["OpenID Connect"])
    mount(router, "/logout/confirm", post=logout.confirm)
