"""Which path leads to which page of self-service."""

from fastapi import APIRouter

from oidc_server.accounts.links import Purpose
from oidc_server.accounts.pages.confirmations import Confirmations
from oidc_server.accounts.pages.entrance import Entrance
from oidc_server.accounts.pages.forgot_password import ForgotPasswordPage
from oidc_server.accounts.pages.known_browsers import KnownBrowsers
from oidc_server.accounts.pages.link_frame import LinkFrame
from oidc_server.accounts.pages.sign_up import SignUpPage
from oidc_server.accounts.self_service import SelfService
from oidc_server.clients.registry import Registry
from oidc_server.foundation.database import Database
from oidc_server.foundation.sealing import Sealing
from oidc_server.foundation.web.error_pages import ErrorPages
from oidc_server.foundation.web.pages import Pages
from oidc_server.foundation.web.routing import mount
from oidc_server.settings.model import Settings


def build(
    settings: Settings,
    database: Database,
    sealing: Sealing,
    pages: Pages,
    error_pages: ErrorPages,
    service: SelfService,
    entrance: Entrance,
    registry: Registry,
    browsers: KnownBrowsers,
) -> APIRouter:
    """The router of these pages."""
    router = APIRouter()
    frame = LinkFrame(database, pages, error_pages)
    sign_up = SignUpPage(settings, database, sealing, frame, service, registry)
    forgot = ForgotPasswordPage(settings, database, sealing, frame, service, registry, browsers)
    confirm = Confirmations(settings, sealing, frame, service, entrance, registry)
    mount(router, "/signup", get=sign_up.show_form, post=sign_up.submit_form)
    mount(router, "/signup/sent", get=sign_up.show_sent)
    mount(router, "/forgot-password", get=forgot.show_form, post=forgot.submit_form)
    mount(router, "/forgot-password/sent", get=forgot.show_sent)
    mount(router, f"/{Purpose.RESET_PASSWORD}", get=forgot.show_reset, post=forgot.submit_reset)
    mount(router, f"/{Purpose.VERIFY_EMAIL}", get=confirm.show_verification, post=confirm.submit_verification)
    mount(router, f"/{Purpose.CHANGE_EMAIL}", get=confirm.show_change, post=confirm.submit_change)
    return router
