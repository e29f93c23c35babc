"""Which path below /api/v1/projects leads to which endpoint."""

from oidc_server.api import project_bodies as bodies
from oidc_server.api.operations import Operation
from oidc_server.api.projects import ProjectClientEndpoints, ProjectEndpoints
from oidc_server.oauth.server import AuthorizationServer
from oidc_server.projects.rules import Rules

_TAG = "Projects"
_ALL = "/projects"
_ONE = _ALL + "/{project_id}"
_MEMBERS = _ONE + "/members"
_MEMBER = _MEMBERS + "/{user_id}"
_CLIENTS = _ONE + "/clients"
_CLIENT = _CLIENTS + "/{client_id}"
#: Why somebody may be refused who reads, who deletes, and who sends something.
_READS = (401, 403, 404, 503)
_DELETES = (401, 403, 404, 409, 503)
_WRITES = (400, 401, 403, 404, 409, 413, 422, 503)


def operations(server: AuthorizationServer, rules: Rules) -> tuple[Operation, ...]:
    """Every operation on projects."""
    return (*_projects(ProjectEndpoints(server, rules)), *_clients(ProjectClientEndpoints(server, rules)))


def _projects(own: ProjectEndpoints) -> tuple[Operation, ...]:
    name, project = bodies.ProjectName, bodies.Project
    tried = (*_WRITES, 429)
    return (
        Operation("GET", _ALL, own.list_projects, "List projects", _TAG, (401, 403, 503), answers=bodies.Projects),
        Operation("POST", _ALL, own.create, "Make a project", _TAG, _WRITES, name, project, 201),
        Operation("GET", _ONE, own.show, "Show a project", _TAG, _READS, answers=project),
        Operation("PATCH", _ONE, own.rename, "Rename a project", _TAG, _WRITES, name, project),
        Operation("DELETE", _ONE, own.delete, "Delete a project", _TAG, _READS, status=204),
        Operation("GET", _MEMBERS, own.list_members, "List members", _TAG, _READS, answers=bodies.Members),
        Operation("POST", _MEMBERS, own.add_member, "Add a member", _TAG, tried, bodies.NewMember, bodies.Member, 201),
        Operation("PATCH", _MEMBER, own.change_member, "Change a member", _TAG, _WRITES, bodies.MemberRole, status=204),
        Operation("DELETE", _MEMBER, own.remove_member, "Remove a member", _TAG, _DELETES, status=204),
    )


def _clients(own: ProjectClientEndpoints) -> tuple[Operation, ...]:
    asks, client, secret = bodies.ClientDescription, bodies.Client, _CLIENT + "/secret"
    return (
        Operation("GET", _CLIENTS, own.list_clients, "List clients", _TAG, _READS, answers=bodies.Clients),
        Operation("POST", _CLIENTS, own.create, "Register a client", _TAG, _WRITES, asks, client, 201),
        Operation("GET", _CLIENT, own.show, "Show a client", _TAG, _READS, answers=client),
        Operation("PUT", _CLIENT, own.replace, "Replace a client", _TAG, _WRITES, asks, client),
        Operation("DELETE", _CLIENT, own.delete, "Delete a client", _TAG, _READS, status=204),
        Operation("POST", secret, own.rotate_secret, "Get a new secret", _TAG, _WRITES, bodies.SecretRotation, client),
    )
