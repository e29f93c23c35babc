"""One project: /account/projects/{project_id}, with its clients and members."""

from uuid import UUID

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from oidc_server.accounts.pages.account.frame import Frame, Visit
from oidc_server.projects.pages.projects import PATH
from oidc_server.projects.refusals import NotThere, ProjectRefused, TooManyTries
from oidc_server.projects.rights import ROLES
from oidc_server.projects.rules import Rules


class ProjectPage:
    """Shows a project, and takes what its owners want of it."""

    def __init__(self, frame: Frame, rules: Rules) -> None:
        self._frame = frame
        self._rules = rules

    async def show_project(self, request: Request) -> Response:
        """Show it."""
        return await self._frame.show(request, page_of(request), self._show)

    async def submit_change(self, request: Request) -> Response:
        """Rename or delete it, or add, change or remove a member."""
        return await self._frame.submit(request, page_of(request), self._change, self._show, fresh=True)

    def _show(self, visit: Visit, refusal: ProjectRefused | None = None) -> Response:
        project_id, user = project_in(visit.request), visit.person.user
        try:
            place = self._rules.book.show(user, project_id)
            apps = self._rules.apps.list_of(user, project_id)
            members = self._rules.members.list_of(user, project_id)
        except NotThere as error:
            raise HTTPException(404) from error
        response = self._frame.ask(
            visit,
            "projects/project.html",
            problem=refusal.told if refusal else "",
            status=refusal.status if refusal else None,
            wrong=refusal.field if refusal else None,
            place=place,
            apps=apps,
            members=members,
            roles=ROLES,
            form_values=visit.form,
        )
        if isinstance(refusal, TooManyTries):
            response.headers["Retry-After"] = str(refusal.retry_after)
        return response

    def _change(self, visit: Visit) -> Response:
        try:
            return self._frame.done(self._do(visit))
        except ProjectRefused as refusal:
            return self._show(visit, refusal)

    def _do(self, visit: Visit) -> str:
        """Do what a button says; where to go then."""
        user, form, project_id = visit.person.user, visit.form, project_in(visit.request)
        match form.get("deed"):
            case "rename":
                self._rules.book.rename(user, project_id, form.get("name", ""))
            case "delete" if form.get("sure") == "yes":
                self._rules.book.delete(user, project_id)
                return PATH
            case "add":
                self._rules.members.add(user, project_id, form.get("user", ""), form.get("role", ""))
            case "change":
                self._rules.members.change(user, project_id, _member_in(form), form.get("role", ""))
            case "remove":
                self._rules.members.remove(user, project_id, _member_in(form))
                if _member_in(form) == user.id:
                    return PATH
        return visit.page


def project_in(request: Request) -> UUID:
    """The project that the path names; a page that isn't there for what can't be one."""
    try:
        return UUID(request.path_params["project_id"])
    except ValueError as error:
        raise HTTPException(404) from error


def page_of(request: Request) -> str:
    """The path of a project's page, below the issuer's."""
    return f"{PATH}/{project_in(request)}"


def _member_in(form: dict[str, str]) -> UUID:
    """The member whom a button names; one that is nobody for anything else."""
    try:
        return UUID(form.get("member", ""))
    except ValueError:
        return UUID(int=0)
