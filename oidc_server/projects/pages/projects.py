"""Somebody's projects: /account/projects."""

from collections.abc import Mapping

from fastapi import Request
from starlette.responses import Response

from oidc_server.accounts.models import User
from oidc_server.accounts.pages.account.frame import Frame, MoreSections, Visit
from oidc_server.foundation.languages import N_
from oidc_server.projects.book import Book
from oidc_server.projects.refusals import ProjectRefused

PATH = "account/projects"
_SECTION = {PATH: N_("Projects")}


class ProjectsPage:
    """Lists somebody's projects, and makes new ones."""

    def __init__(self, frame: Frame, book: Book) -> None:
        self._frame = frame
        self._book = book

    @staticmethod
    def section(book: Book) -> MoreSections:
        """This page's place in the navigation, for those who have some business there."""

        def of(user: User) -> Mapping[str, str]:
            return _SECTION if book.is_for(user) else {}

        return of

    async def show_projects(self, request: Request) -> Response:
        """List them."""
        return await self._frame.show(request, PATH, self._show)

    async def create(self, request: Request) -> Response:
        """Make one."""
        return await self._frame.submit(request, PATH, self._create, self._show)

    def _show(self, visit: Visit, problem: str = "", status: int | None = None) -> Response:
        user = visit.person.user
        return self._frame.ask(
            visit,
            "projects/projects.html",
            problem=problem,
            status=status,
            projects=self._book.list_of(user),
            may_make=self._book.may_make(user),
            name=visit.form.get("name", ""),
        )

    def _create(self, visit: Visit) -> Response:
        try:
            made = self._book.create(visit.person.user, visit.form.get("name", ""))
        except ProjectRefused as refusal:
            return self._show(visit, refusal.told, refusal.status)
        return self._frame.done(f"{PATH}/{made.project.id}")
