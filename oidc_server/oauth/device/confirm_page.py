"""The page /device/confirm: a person sees who asks for what and where, and says yes or no (RFC 8628 §3.3, §5.4)."""

from dataclasses import dataclass

from fastapi import Request
from starlette.responses import Response

from oidc_server.accounts.visitors import Visitors
from oidc_server.clients import looks
from oidc_server.clients.registry import Client
from oidc_server.foundation import clock
from oidc_server.foundation.languages import N_
from oidc_server.foundation.web import forms
from oidc_server.foundation.web.pages import Pages
from oidc_server.oauth import scopes
from oidc_server.oauth.device import deciding, waiting
from oidc_server.oauth.device.guesses import WrongCode
from oidc_server.oauth.server import AuthorizationServer
from oidc_server.sessions import interaction as interactions
from oidc_server.sessions.interaction import PARAMETER, Interaction, Lost
from oidc_server.settings.model import Settings
from oidc_server.tokens import device
from oidc_server.tokens.models import DeviceRequest

_EXPIRED_FORM = N_("This page was open for too long, or your browser blocks cookies. Please decide again.")


@dataclass(frozen=True)
class Question:
    """What there is to decide, and for whom."""

    interaction: Interaction
    user_code: str
    request: DeviceRequest
    client: Client


class ConfirmPage:
    """Asks a person who has entered a device's code, and takes their decision."""

    def __init__(self, settings: Settings, server: AuthorizationServer, pages: Pages, visitors: Visitors) -> None:
        self._lifetime_seconds = settings.lifetime.interaction.total_seconds()
        self._server = server
        self._pages = pages
        self._visitors = visitors

    async def show_question(self, request: Request) -> Response:
        """Ask."""
        sealed = request.query_params.get(PARAMETER, "")
        try:
            return await self._server.database.run(self._show, request, sealed, "", 200)
        except WrongCode as refusal:
            return self._too_late(request, refusal)

    async def submit_decision(self, request: Request) -> Response:
        """Take the answer."""
        form = await forms.read(request)
        sealed = form.get(PARAMETER, "")
        try:
            if not self._pages.browsers.sent(request, form):
                return await self._server.database.run(self._show, request, sealed, _EXPIRED_FORM, 403)
            return await self._server.database.run(self._decide, request, sealed, form.get("decision"))
        except WrongCode as refusal:
            return self._too_late(request, refusal)

    def _show(self, request: Request, sealed: str, problem: str, status: int) -> Response:
        question = self._question(request, sealed)
        if question is None:
            return self._pages.go_on(self._pages.path("device"))
        person = self._visitors.find(request)
        if person is None:
            return self._pages.go_on(f"{self._pages.path(self._visitors.way_in(request))}?{PARAMETER}={sealed}")
        asking = question.interaction.asking(person.user.id)
        return self._pages.ask(
            request,
            "oauth/device_confirm.html",
            status=status,
            problem=problem,
            person=person.user,
            client=question.client.in_language(self._pages.language.tag),
            scopes=scopes.in_words(question.request.scopes, self._server.issuing.resources.all().words),
            user_code=question.user_code,
            device=question.request,
            minutes_ago=int((clock.now() - question.request.created_at).total_seconds() // 60),
            interaction=interactions.seal(self._server.issuing.sealing, asking),
        )

    def _decide(self, request: Request, sealed: str, decision: str | None) -> Response:
        question = self._question(request, sealed)
        person = self._visitors.find(request)
        if question is None or person is None or not question.interaction.has_asked(person.user.id):
            return self._show(request, sealed, "", 200)
        if decision == "allow":
            was_open = deciding.allow(self._server, question.request, person)
        elif decision == "deny":
            was_open = deciding.deny(self._server, question.request, person)
        else:
            return self._show(request, sealed, N_("Please choose one of the two."), 422)
        if not was_open:
            raise WrongCode(because="decided or expired at this moment")
        client = question.client.in_language(self._pages.language.tag)
        return self._pages.show("oauth/device_done.html", decision=decision, client=client)

    def _question(self, request: Request, sealed: str) -> Question | None:
        """What there is to decide on this browser, None if no code was entered on it; WrongCode if it is too late."""
        try:
            interaction = interactions.unseal(self._server.issuing.sealing, sealed)
        except Lost:
            return None
        entered = waiting.entered(interaction)
        is_ours = interaction.browser == self._pages.browsers.of(request).mark
        if entered is None or not is_ours or interaction.has_expired(self._lifetime_seconds):
            return None
        with self._server.database.autocommit() as connection:
            found = device.find(connection, entered.request_id)
        client = self._server.query_client(found.client_id) if found and device.is_open(found) else None
        if found is None or client is None:
            raise WrongCode(because="decided or expired since it was entered")
        looks.wear(client)
        return Question(interaction, entered.user_code, found, client)

    def _too_late(self, request: Request, refusal: WrongCode) -> Response:
        """The form for another code."""
        values = {"problem": refusal.told, "user_code": ""}
        return self._pages.ask(request, "oauth/device_code.html", status=422, **values)
