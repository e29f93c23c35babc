"""Projects through the API: /api/v1/projects. What may be done, and by whom, the rules of `projects` know."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from oidc_server.accounts.models import User
from oidc_server.api import bodies, caller_token, project_bodies
from oidc_server.api.errors import ApiRefused
from oidc_server.clients import dynamic
from oidc_server.oauth.server import NO_STORE, AuthorizationServer, answer
from oidc_server.projects.apps import Made
from oidc_server.projects.members import Person
from oidc_server.projects.refusals import ProjectRefused, TooManyTries
from oidc_server.projects.rights import Place
from oidc_server.projects.rules import Rules

_NOTHING_THERE = "There is no such project."


class ProjectEndpoints:
    """What members do with a project and its members."""

    def __init__(self, server: AuthorizationServer, rules: Rules) -> None:
        self._server = server
        self._book = rules.book
        self._members = rules.members

    async def list_projects(self, request: Request) -> Response:
        """The projects that the caller is a member of."""

        def work(user: User) -> Response:
            return answer({"projects": [_project(one) for one in self._book.list_of(user)]})

        return await as_caller(self._server, request, work)

    async def create(self, request: Request) -> Response:
        """Make a project; the caller is its owner. Who may, `OIDC_PROJECTS_CREATED_BY` says."""
        caller_token.presented(request)
        asked = await bodies.read(request, project_bodies.ProjectName)
        return await as_caller(
            self._server, request, lambda user: answer(_project(self._book.create(user, asked.name)), 201)
        )

    async def show(self, request: Request) -> Response:
        """A project, and what the caller is in it."""
        project_id = id_in(request, "project_id")
        return await as_caller(self._server, request, lambda user: answer(_project(self._book.show(user, project_id))))

    async def rename(self, request: Request) -> Response:
        """Give a project another name."""
        project_id = id_in(request, "project_id")
        asked = await bodies.read(request, project_bodies.ProjectName)

        def work(user: User) -> Response:
            self._book.rename(user, project_id, asked.name)
            return answer(_project(self._book.show(user, project_id)))

        return await as_caller(self._server, request, work)

    async def delete(self, request: Request) -> Response:
        """Delete a project with its clients; their grants and tokens end."""
        project_id = id_in(request, "project_id")

        def work(user: User) -> Response:
            self._book.delete(user, project_id)
            return nothing()

        return await as_caller(self._server, request, work)

    async def list_members(self, request: Request) -> Response:
        """A project's members."""
        project_id = id_in(request, "project_id")

        def work(user: User) -> Response:
            return answer({"members": [_member(one) for one in self._members.list_of(user, project_id)]})

        return await as_caller(self._server, request, work)

    async def add_member(self, request: Request) -> Response:
        """Make somebody a member who has an account; 404 where nobody who may sign in goes by that name."""
        project_id = id_in(request, "project_id")
        asked = await bodies.read(request, project_bodies.NewMember)

        def work(user: User) -> Response:
            return answer(_member(self._members.add(user, project_id, asked.user, asked.role)), 201)

        return await as_caller(self._server, request, work)

    async def change_member(self, request: Request) -> Response:
        """Give a member another role; a project is never without an owner."""
        project_id, member_id = id_in(request, "project_id"), id_in(request, "user_id")
        asked = await bodies.read(request, project_bodies.MemberRole)

        def work(user: User) -> Response:
            self._members.change(user, project_id, member_id, asked.role)
            return nothing()

        return await as_caller(self._server, request, work)

    async def remove_member(self, request: Request) -> Response:
        """Remove a member; with their own id any member leaves. A project is never without an owner."""
        project_id, member_id = id_in(request, "project_id"), id_in(request, "user_id")

        def work(user: User) -> Response:
            self._members.remove(user, project_id, member_id)
            return nothing()

        return await as_caller(self._server, request, work)


class ProjectClientEndpoints:
    """What members do with the clients of a project."""

    def __init__(self, server: AuthorizationServer, rules: Rules) -> None:
        self._server = server
        self._apps = rules.apps

    async def list_clients(self, request: Request) -> Response:
        """A project's clients."""
        project_id = id_in(request, "project_id")

        def work(user: User) -> Response:
            return answer({"clients": [_client(one) for one in self._apps.list_of(user, project_id)]})

        return await as_caller(self._server, request, work)

    async def create(self, request: Request) -> Response:
        """Register a client; members that are not known, or an operator's to set, are refused. Its secret is told once."""
        project_id, document = id_in(request, "project_id"), await bodies.json_object(request)

        def work(user: User) -> Response:
            return answer(_client(self._apps.create(user, project_id, document)), 201)

        return await as_caller(self._server, request, work)

    async def show(self, request: Request) -> Response:
        """A client as it is registered, without its secret."""
        project_id, client_id = id_in(request, "project_id"), request.path_params["client_id"]

        def work(user: User) -> Response:
            return answer(_client(self._apps.show(user, project_id, client_id)))

        return await as_caller(self._server, request, work)

    async def replace(self, request: Request) -> Response:
        """Register a client anew under its id: what is not sent is taken away."""
        project_id, client_id = id_in(request, "project_id"), request.path_params["client_id"]
        document = await bodies.json_object(request)

        def work(user: User) -> Response:
            return answer(_client(self._apps.replace(user, project_id, client_id, document)))

        return await as_caller(self._server, request, work)

    async def delete(self, request: Request) -> Response:
        """Delete a client; its grants and tokens end."""
        project_id, client_id = id_in(request, "project_id"), request.path_params["client_id"]

        def work(user: User) -> Response:
            self._apps.delete(user, project_id, client_id)
            return nothing()

        return await as_caller(self._server, request, work)

    async def rotate_secret(self, request: Request) -> Response:
        """Get a new secret, told once; without a body the old one ends at once."""
        project_id, client_id = id_in(request, "project_id"), request.path_params["client_id"]
        asked = await bodies.read(request, project_bodies.SecretRotation, may_be_missing=True)
        keep_old_for = timedelta(seconds=asked.keep_old_for)

        def work(user: User) -> Response:
            return answer(_client(self._apps.rotate_secret(user, project_id, client_id, keep_old_for=keep_old_for)))

        return await as_caller(self._server, request, work)


async def as_caller(server: AuthorizationServer, request: Request, work: Callable[[User], Response]) -> Response:
    """Do something as the person whose access token it is."""
    text = caller_token.presented(request)

    def run() -> Response:
        try:
            return work(caller_token.caller(server, text).user)
        except ProjectRefused as refusal:
            raise _refused(refusal) from refusal

    return await server.database.run(run)


def id_in(request: Request, name: str) -> UUID:
    """An id in the path; ApiRefused for what can't be one, as for one that is nobody's, but to strangers."""
    caller_token.presented(request)
    try:
        return UUID(request.path_params[name])
    except ValueError as error:
        raise ApiRefused(404, "not_found", _NOTHING_THERE, because=f"{name} is no UUID") from error


def nothing() -> Response:
    """Done, and nothing to tell."""
    return Response(status_code=204, headers=NO_STORE)


def _refused(refusal: ProjectRefused) -> ApiRefused:
    headers = {"Retry-After": str(refusal.retry_after)} if isinstance(refusal, TooManyTries) else {}
    return ApiRefused(
        refusal.status, refusal.code, refusal.told, field=refusal.field, because=refusal.because, headers=headers
    )


def _project(place: Place) -> dict[str, Any]:
    project = place.project
    return {
        "id": str(project.id),
        "name": project.name,
        "role": place.role,
        "created_at": project.created_at.isoformat(),
    }


def _member(person: Person) -> dict[str, Any]:
    return {"user_id": str(person.user_id), "username": person.username, "role": person.role}


def _client(made: Made) -> Mapping[str, Any]:
    return {
        "client_id": made.row.client_id,
        "created_at": made.row.created_at.isoformat(),
        "is_enabled": made.row.disabled_at is None,
        **({"client_secret": made.secret} if made.secret else {}),
        **dynamic.registered(made.metadata),
    }
