"""Which path leads to which page of projects."""

from fastapi import APIRouter

from oidc_server.accounts.pages.account.frame import Frame
from oidc_server.foundation.web.routing import mount
from oidc_server.projects.pages.clients import ClientPages
from oidc_server.projects.pages.project import ProjectPage
from oidc_server.projects.pages.projects import ProjectsPage
from oidc_server.projects.rules import Rules

_ONE = "/account/projects/{project_id}"


def build(frame: Frame, rules: Rules) -> APIRouter:
    """The router of these pages."""
    router = APIRouter()
    projects, project, clients = ProjectsPage(frame, rules.book), ProjectPage(frame, rules), ClientPages(frame, rules)
    mount(router, "/account/projects", get=projects.show_projects, post=projects.create)
    mount(router, _ONE, get=project.show_project, post=project.submit_change)
    mount(router, _ONE + "/clients", get=clients.show_form, post=clients.register)
    mount(router, _ONE + "/clients/{client_id}", get=clients.show_client, post=clients.submit_change)
    return router
