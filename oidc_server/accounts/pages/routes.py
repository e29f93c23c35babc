"""Which path leads to which page."""

from fastapi import APIRouter

from oidc_server.accounts.first_administrator import PATH
from oidc_server.accounts.pages.account.apps import AppsPage
from oidc_server.accounts.pages.account.data import DataPage
from oidc_server.accounts.pages.account.frame import Frame
from oidc_server.accounts.pages.account.history import HistoryPage
from oidc_server.accounts.pages.account.overview import OverviewPage
from oidc_server.accounts.pages.account.profile import ProfilePage
from oidc_server.accounts.pages.account.sessions import SessionsPage
from oidc_server.accounts.pages.first_administrator import FirstAdministratorPage
from oidc_server.accounts.pages.home import HomePage
from oidc_server.accounts.pages.login import LoginPage
from oidc_server.accounts.pages.select_account import SelectAccountPage
from oidc_server.clients.registry import Registry
from oidc_server.foundation.web.routing import mount
from oidc_server.settings.model import Settings


def build(
    settings: Settings,
    home: HomePage,
    login: LoginPage,
    select_account: SelectAccountPage,
    first_administrator: FirstAdministratorPage,
    frame: Frame,
    registry: Registry,
) -> APIRouter:
    """The router of every page."""
    router = APIRouter()
    _mount_account(router, frame, registry, settings)
    mount(router, "/", get=home.show_home)
    mount(router, "/login", get=login.show_login, post=login.submit_login)
    mount(router, "/select-account", get=select_account.show_accounts, post=select_account.submit_choice)
    mount(router, PATH, get=first_administrator.show_form, post=first_administrator.submit_form)
    return router


def _mount_account(router: APIRouter, frame: Frame, registry: Registry, settings: Settings) -> None:
    """A person's own pages."""
    overview, own, sessions = OverviewPage(frame), ProfilePage(frame), SessionsPage(frame)
    apps, past, data = AppsPage(frame, registry), HistoryPage(frame), DataPage(frame, settings.privacy)
    mount(router, "/account", get=overview.show_overview)
    mount(router, "/account/profile", get=own.show_profile, post=own.submit_profile)
    mount(router, "/account/sessions", get=sessions.show_sessions, post=sessions.end_sessions)
    mount(router, "/account/apps", get=apps.show_apps, post=apps.withdraw)
    mount(router, "/account/history", get=past.show_history)
    mount(router, "/account/data", get=data.show_data, post=data.download)
    mount(router, "/account/delete", get=data.show_deletion, post=data.submit_deletion)
