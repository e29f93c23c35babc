"""A person's second factors: /api/v1/auth/factors. Passkeys are for browsers; they are only listed here."""

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from oidc_server.accounts import passkeys, recovery_codes, totp
from oidc_server.accounts.enrolment import Enrolment, MustStay, WrongConfirmation
from oidc_server.accounts.models import User
from oidc_server.accounts.sign_in import WrongCredentials
from oidc_server.api import bodies, caller_token, credentials
from oidc_server.api import factor_bodies as told
from oidc_server.api.errors import ApiRefused
from oidc_server.api.factor_bodies import Confirmation, Confirmed
from oidc_server.foundation.web import caller
from oidc_server.oauth.server import AuthorizationServer, answer

_HAS_ONE = "There is an authenticator app already: remove it first."
_HAS_NONE = "Recovery codes stand in for a second factor, and there is none."


class FactorEndpoints:
    """Adds an authenticator app and takes it away, for whoever proves with all their factors that it is them who asks."""

    def __init__(self, server: AuthorizationServer, enrolment: Enrolment) -> None:
        self._server = server
        self._enrolment = enrolment

    async def show(self, request: Request) -> Response:
        """The second factors, and how many recovery codes are left."""
        return answer(await self._server.database.run(self._shown, caller_token.presented(request)))

    async def draft(self, request: Request) -> Response:
        """Make a secret for an authenticator app. Nothing has changed until a code of the app confirms it."""
        return await self._change(request, Confirmed, self._draft)

    async def confirm(self, request: Request) -> Response:
        """Keep the secret that a code confirms: from the next login on, a code is asked for.

        With the first factor come recovery codes, which are told this once.
        """
        return await self._change(request, Confirmation, self._add)

    async def remove(self, request: Request) -> Response:
        """Take the authenticator app away; with the last factor go the recovery codes."""
        return await self._change(request, Confirmed, self._remove)

    async def make_recovery_codes(self, request: Request) -> Response:
        """Make new recovery codes instead of the old ones. They are told this once."""
        return await self._change(request, Confirmed, self._make_codes)

    async def _change(
        self, request: Request, model: type[Confirmed], work: Callable[[Session, User, Any], Response]
    ) -> Response:
        text = caller_token.presented(request)
        asked = await bodies.read(request, model)
        neighbourhood = caller.neighbourhood(request.scope["caller"])
        return await self._server.database.run(self._conduct, text, asked, neighbourhood, work)

    def _conduct(
        self, text: str, asked: Confirmed, neighbourhood: str, work: Callable[[Session, User, Any], Response]
    ) -> Response:
        person = caller_token.caller(self._server, text)
        tried = credentials.attempt(self._server, person, asked.password.get_secret_value(), neighbourhood)
        user = credentials.proven(self._server, person, tried, "password")
        with self._server.database.transaction() as session:
            try:
                self._server.sign_in.still_holds(session, user, tried)
            except WrongCredentials as refusal:
                raise credentials.unproven(self._server, refusal, "password") from refusal
            return work(session, user, asked)

    def _shown(self, text: str) -> dict[str, Any]:
        user = caller_token.caller(self._server, text).user
        with self._server.database.transaction() as session:
            app = totp.find(session, user.id)
            found = told.Factors(
                totp=told.KnownTotp.model_validate(app, from_attributes=True) if app else None,
                passkeys=[
                    told.KnownPasskey.model_validate(one, from_attributes=True)
                    for one in passkeys.list_of(session, user.id)
                ],
                recovery_codes_left=recovery_codes.count(session, user.id),
                is_required=self._enrolment.is_required(user),
            )
        return found.model_dump(mode="json")

    def _draft(self, session: Session, user: User, asked: Confirmed) -> Response:
        _require_no_app(session, user)
        secret, draft = self._enrolment.draft(user)
        uri = self._enrolment.uri(user, secret)
        return answer({"secret": totp.spelt(secret).replace(" ", ""), "otpauth_uri": uri, "draft": draft})

    def _add(self, session: Session, user: User, asked: Confirmation) -> Response:
        _require_no_app(session, user)
        try:
            codes = self._enrolment.add_authenticator(session, user, asked.draft, asked.code)
        except WrongConfirmation as refusal:
            raise ApiRefused(422, "wrong_code", refusal.told, field="code", because=refusal.because) from refusal
        return answer({"recovery_codes": codes}, 201)

    def _remove(self, session: Session, user: User, asked: Confirmed) -> Response:
        try:
            self._enrolment.remove_authenticator(session, user)
        except MustStay as refusal:
            raise ApiRefused(409, "factor_must_stay", refusal.told, because=refusal.because) from refusal
        return Response(status_code=204)

    def _make_codes(self, session: Session, user: User, asked: Confirmed) -> Response:
        codes = self._enrolment.make_recovery_codes(session, user)
        if not codes:
            raise ApiRefused(409, "no_second_factor", _HAS_NONE)
        return answer({"recovery_codes": codes}, 201)


def _require_no_app(session: Session, user: User) -> None:
    if totp.find(session, user.id) is not None:
        raise ApiRefused(409, "authenticator_exists", _HAS_ONE)
