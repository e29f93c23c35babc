"""The person who calls: /api/v1/auth/me and /api/v1/users/me."""

from collections.abc import Callable
from typing import Any

from pydantic import ValidationError
from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import Response

from oidc_server.accounts import deletion, profile
from oidc_server.accounts.models import User
from oidc_server.accounts.profile import Profile
from oidc_server.api import bodies, caller_token, credentials
from oidc_server.api.caller_token import Caller
from oidc_server.api.errors import ApiRefused
from oidc_server.foundation.web import caller
from oidc_server.oauth.server import AuthorizationServer, answer

#: What a person may say of themselves here; the rest is an operator's to say.
_OWN = frozenset(Profile.model_fields) - {"phone_number_verified", "picture"}


class MeEndpoints:
    """Shows a person their account, and changes it."""

    def __init__(self, server: AuthorizationServer) -> None:
        self._server = server

    async def show(self, request: Request) -> Response:
        """The account and its profile."""
        return await self._as_caller(request, lambda person: _shown(person.user))

    async def change(self, request: Request) -> Response:
        """Change the members that are sent, take away those that are null; the others stay (RFC 7396)."""
        text = caller_token.presented(request)
        patch = await bodies.json_object(request)
        return await self._server.database.run(self._change, text, patch)

    async def delete(self, request: Request) -> Response:
        """Close the account; it is erased after a while, until then an operator can give it back."""
        text = caller_token.presented(request)
        asked = await bodies.read(request, bodies.Deletion)
        neighbourhood = caller.neighbourhood(request.scope["caller"])
        await self._server.database.run(self._delete, text, asked.password.get_secret_value(), neighbourhood)
        return Response(status_code=204)

    async def _as_caller(self, request: Request, work: Callable[[Caller], Response]) -> Response:
        text = caller_token.presented(request)
        return await self._server.database.run(lambda: work(caller_token.caller(self._server, text)))

    def _change(self, text: str, patch: dict[str, Any]) -> Response:
        person = caller_token.caller(self._server, text)
        if refused := sorted(set(patch) - _OWN):
            raise ApiRefused(422, "validation_error", f"{refused[0]} cannot be changed here.", field=refused[0])
        with self._server.database.transaction() as session:
            known = session.scalars(select(User).where(User.id == person.user.id).with_for_update()).one()
            merged = _merged({name: value for name, value in known.claims.items() if name in _OWN}, patch)
            try:
                said = Profile.model_validate(merged)
            except ValidationError as error:
                raise bodies.invalid(error) from error
            profile.save(session, known.id, said)
            session.refresh(known)
            return _shown(known)

    def _delete(self, text: str, password: str, neighbourhood: str) -> None:
        person = caller_token.caller(self._server, text)
        tried = credentials.attempt(self._server, person, password, neighbourhood)
        user = credentials.proven(self._server, person, tried, "password")
        with self._server.database.transaction() as session:
            deletion.delete(session, user.id)


def _merged(known: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """A JSON merge patch (RFC 7396 §2), two levels deep: that is as deep as an address goes."""
    merged = dict(known)
    for name, value in patch.items():
        if isinstance(value, dict) and isinstance(merged.get(name), dict):
            value = {**merged[name], **value}
        if isinstance(value, dict):
            value = {part: one for part, one in value.items() if one is not None}
        merged[name] = value
    return {name: value for name, value in merged.items() if value is not None}


def _shown(user: User) -> Response:
    body = bodies.User(
        id=str(user.id),
        username=user.username,
        email=user.email,
        email_verified=user.email_verified,
        roles=user.roles,
        groups=user.groups or [],
        created_at=user.created_at,
        updated_at=user.updated_at,
        **{name: value for name, value in user.claims.items() if name in Profile.model_fields},
    )
    return answer(body.model_dump(mode="json"))
