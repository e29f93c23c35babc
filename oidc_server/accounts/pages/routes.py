"""Which path leads to which page."""

from fastapi import APIRouter

from oidc_server.accounts.first_administrator import PATH
from oidc_server.accounts.pages.first_administrator import FirstAdministratorPage
from oidc_server.accounts.pages.home import HomePage
from oidc_server.accounts.pages.login import LoginPage


def build(home: HomePage, login: LoginPage, first_administrator: FirstAdministratorPage) -> APIRouter:
    """The router of every page."""
    router = APIRouter(include_in_schema=False)
    router.add_api_route("/", home.show_home, methods=["GET"])
    router.add_api_route("/login", login.show_login, methods=["GET"])
    router.add_api_route("/login", login.submit_login, methods=["POST"])
    router.add_api_route(PATH, first_administrator.show_form, methods=["GET"])
    router.add_api_route(PATH, first_administrator.submit_form, methods=["POST"])
    return router
