"""The page of the second factor: /login/second-factor."""

from collections.abc import Mapping

from fastapi import Request
from starlette.responses import Response

from oidc_server.accounts import passkeys, proofs
from oidc_server.accounts.pages.known_browsers import KnownBrowsers
from oidc_server.accounts.pages.login import CEREMONY, CREDENTIAL
from oidc_server.accounts.pages.standing import Lapsed, Standing, Standings
from oidc_server.accounts.pages.steps import PAGES
from oidc_server.accounts.pages.trust import Trust
from oidc_server.accounts.passkeys import PasskeyRefused
from oidc_server.accounts.proofs import Step
from oidc_server.accounts.second_factors import SecondFactors, WrongCode
from oidc_server.accounts.sign_in import TooManyAttempts
from oidc_server.foundation.database import Database
from oidc_server.foundation.web import forms, security_headers
from oidc_server.foundation.web.browsers import EXPIRED_FORM
from oidc_server.foundation.web.pages import Pages


class SecondFactorPage:
    """Asks for a code or a passkey, of those who have proven something already."""

    def __init__(
        self,
        database: Database,
        pages: Pages,
        standings: Standings,
        second_factors: SecondFactors,
        trust: Trust,
        browsers: KnownBrowsers,
    ) -> None:
        self._database = database
        self._pages = pages
        self._standings = standings
        self._second_factors = second_factors
        self._trust = trust
        self._browsers = browsers

    async def show_question(self, request: Request) -> Response:
        """Ask."""
        return await self._database.run(self._show, request, dict(request.query_params), "", 200)

    async def submit_answer(self, request: Request) -> Response:
        """Take the answer, and let them in if it is right."""
        form = await forms.read(request)
        if not self._pages.browsers.sent(request, form):
            return await self._database.run(self._show, request, form, EXPIRED_FORM, 403)
        try:
            return await self._database.run(self._submit, request, form)
        except (WrongCode, PasskeyRefused) as refusal:
            return await self._database.run(self._show, request, form, refusal.told, 422)
        except TooManyAttempts as refusal:
            response = await self._database.run(self._show, request, form, refusal.told, 429)
            response.headers["Retry-After"] = str(refusal.retry_after)
            return response
        except Lapsed:
            return await self._database.run(self._show, request, form, "", 200)

    def _submit(self, request: Request, form: dict[str, str]) -> Response:
        standing = self._standings.find(request, form, Step.SECOND_FACTOR)
        if isinstance(standing, Response):
            return standing
        if form.get("decision") == "decline" and standing.may_decline and standing.interaction is not None:
            return self._standings.go_on(standing.interaction.page, standing.interaction.declined(standing.user.id))
        methods = self._check(request, form, standing)
        response = self._standings.admit(request, standing, proofs.with_second(standing.proof, methods))
        if form.get("trust") and self._trust.is_offered:
            with self._database.transaction() as session:
                self._trust.begin(session, request, response, standing.user)
        return response

    def _check(self, request: Request, form: dict[str, str], standing: Standing) -> tuple[str, ...]:
        answer, user = form.get(CREDENTIAL), standing.user
        known_as = self._browsers.name_of(request, user)
        if not answer:
            return self._second_factors.check_code(user.id, form.get("code", ""), known_as=known_as)
        mark = self._pages.browsers.of(request).mark
        self._second_factors.check_passkey(mark, form.get(CEREMONY, ""), answer, user.id, known_as=known_as)
        return proofs.KEY

    def _show(self, request: Request, values: Mapping[str, str], problem: str, status: int) -> Response:
        standing = self._standings.find(request, values, Step.SECOND_FACTOR)
        if isinstance(standing, Response):
            return standing
        return self._pages.ask(
            request,
            "accounts/second_factor.html",
            status=status,
            policy=security_headers.SCRIPTED_PAGE_POLICY,
            problem=problem,
            page=PAGES[Step.SECOND_FACTOR],
            person=standing.user,
            has=standing.has,
            carried=standing.carried,
            may_decline=standing.may_decline,
            trust_days=self._trust.lasts_for.days if self._trust.is_offered else 0,
            ceremony=self._ceremony(request, standing) if standing.has.passkeys else None,
        )

    def _ceremony(self, request: Request, standing: Standing) -> passkeys.Ceremony:
        with self._database.transaction() as session:
            known = passkeys.list_of(session, standing.user.id)
        mark = self._pages.browsers.of(request).mark
        return self._second_factors.passkeys.ask_to_sign_in(mark, standing.user.id, known)
