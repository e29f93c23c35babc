"""The page /login/add-factor: somebody who must have a second factor and has none adds an authenticator app to get in."""

from collections.abc import Mapping

from fastapi import Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from oidc_server.accounts import proofs, totp
from oidc_server.accounts.enrolment import Enrolment, WrongConfirmation
from oidc_server.accounts.pages.standing import Lapsed, Standings
from oidc_server.accounts.pages.steps import PAGES
from oidc_server.accounts.proofs import Step
from oidc_server.foundation.database import Database
from oidc_server.foundation.web import forms
from oidc_server.foundation.web.browsers import EXPIRED_FORM
from oidc_server.foundation.web.pages import Pages


class AddFactorPage:
    """Shows a secret, takes the code that confirms it, and lets them in."""

    def __init__(self, database: Database, pages: Pages, standings: Standings, enrolment: Enrolment) -> None:
        self._database = database
        self._pages = pages
        self._standings = standings
        self._enrolment = enrolment

    async def show_secret(self, request: Request) -> Response:
        """Show a new secret."""
        return await self._database.run(self._show, request, dict(request.query_params), "", 200)

    async def submit_code(self, request: Request) -> Response:
        """Take the code, show the recovery codes, and lead on from there."""
        form = await forms.read(request)
        if not self._pages.browsers.sent(request, form):
            return await self._database.run(self._show, request, form, EXPIRED_FORM, 403)
        try:
            return await self._database.run(self._submit, request, form)
        except WrongConfirmation as refusal:
            return await self._database.run(self._show, request, form, refusal.told, 422)
        except Lapsed:
            return await self._database.run(self._show, request, form, "", 200)

    def _submit(self, request: Request, form: dict[str, str]) -> Response:
        standing = self._standings.find(request, form, Step.ENROLMENT)
        if isinstance(standing, Response):
            return standing
        if form.get("decision") == "decline" and standing.may_decline and standing.interaction is not None:
            declined = standing.interaction.declined(standing.user.id)
            return self._standings.go_on(declined.page, declined)
        codes: list[str] = []

        def add(session: Session) -> None:
            codes.extend(
                self._enrolment.add_authenticator(session, standing.user, form.get("draft", ""), form.get("code", ""))
            )

        admitted = self._standings.admit(request, standing, proofs.with_second(standing.proof, proofs.CODE), add)
        if not codes:
            return admitted
        response = self._pages.show("accounts/recovery_codes.html", codes=codes, onward=admitted.headers["location"])
        cookies = [(name, value) for name, value in admitted.raw_headers if name == b"set-cookie"]
        response.raw_headers.extend(cookies)
        return response

    def _show(self, request: Request, values: Mapping[str, str], problem: str, status: int) -> Response:
        standing = self._standings.find(request, values, Step.ENROLMENT)
        if isinstance(standing, Response):
            return standing
        secret, draft = self._enrolment.draft(standing.user, values.get("draft", ""))
        uri = self._enrolment.uri(standing.user, secret)
        return self._pages.ask(
            request,
            "accounts/add_factor.html",
            status=status,
            problem=problem,
            page=PAGES[Step.ENROLMENT],
            person=standing.user,
            carried=standing.carried,
            may_decline=standing.may_decline,
            draft=draft,
            secret=totp.spelt(secret),
            uri=uri,
            qr_code=totp.qr_code(uri),
        )
