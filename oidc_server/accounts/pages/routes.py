"""Which path leads to which page."""

from fastapi import APIRouter

from oidc_server.accounts.first_administrator import PATH
from oidc_server.accounts.pages.account.frame import Frame
from oidc_server.accounts.pages.account.linked_upstreams import LinkedUpstreamsPage
from oidc_server.accounts.pages.account.overview import OverviewPage
from oidc_server.accounts.pages.first_administrator import FirstAdministratorPage
from oidc_server.accounts.pages.home import HomePage
from oidc_server.accounts.pages.login import LoginPage
from oidc_server.accounts.pages.upstream import UpstreamPage
from oidc_server.foundation.web.routing import mount


def build(
    home: HomePage,
    login: LoginPage,
    upstream: UpstreamPage,
    first_administrator: FirstAdministratorPage,
    frame: Frame,
    linked_upstreams: LinkedUpstreamsPage,
) -> APIRouter:
    """The router of every page."""
    router = APIRouter()
    _mount_account(router, frame)
    mount(router, "/account/upstreams", get=linked_upstreams.show_linked, post=linked_upstreams.submit_change)
    mount(router, "/", get=home.show_home)
    mount(router, "/login", get=login.show_login, post=login.submit_login)
    mount(router, "/login/upstream/{slug}", post=upstream.submit_choice)
    mount(router, "/login/upstream/{slug}/callback", get=upstream.take_answer)
    mount(router, PATH, get=first_administrator.show_form, post=first_administrator.submit_form)
    return router


def _mount_account(router: APIRouter, frame: Frame) -> None:
    """A person's own pages."""
    overview = OverviewPage(frame)
    mount(router, "/account", get=overview.show_overview)
