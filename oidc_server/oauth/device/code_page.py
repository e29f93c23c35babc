"""The page /device: a person enters the code that their device shows (RFC 8628 §3.3)."""

import structlog
from fastapi import Request
from starlette.responses import Response

from oidc_server.accounts.sign_in import TooManyAttempts
from oidc_server.accounts.visitors import Visitors
from oidc_server.foundation.languages import N_
from oidc_server.foundation.web import caller, forms
from oidc_server.foundation.web.pages import Pages
from oidc_server.oauth.device import waiting
from oidc_server.oauth.device.guesses import Guesses, WrongCode
from oidc_server.oauth.server import AuthorizationServer
from oidc_server.sessions import interaction as interactions
from oidc_server.sessions.interaction import PARAMETER
from oidc_server.tokens import user_code

_EXPIRED_FORM = N_("This page was open for too long, or your browser blocks cookies. Please send the code again.")
_MAX_SHOWN = 20

log = structlog.get_logger(__name__)


class CodePage:
    """Takes a code and leads on to the question; a code in the address is filled in, and still to be sent by the person."""

    def __init__(self, server: AuthorizationServer, pages: Pages, visitors: Visitors, guesses: Guesses) -> None:
        self._server = server
        self._pages = pages
        self._visitors = visitors
        self._guesses = guesses

    async def show_form(self, request: Request) -> Response:
        """Ask for the code."""
        return self._form(request, request.query_params.get("user_code", ""))

    async def submit_code(self, request: Request) -> Response:
        """Take the code."""
        form = await forms.read(request)
        typed = form.get("user_code", "")
        if not self._pages.browsers.sent(request, form):
            return self._form(request, typed, problem=_EXPIRED_FORM, status=403)
        try:
            return await self._server.database.run(self._go_on, request, typed)
        except WrongCode as refusal:
            log.info("device_code_refused", because=refusal.because)
            return self._form(request, typed, problem=refusal.told, status=422)
        except TooManyAttempts as refusal:
            log.info("device_code_refused", because=refusal.because)
            response = self._form(request, typed, problem=refusal.told, status=429)
            response.headers["Retry-After"] = str(refusal.retry_after)
            return response

    def _go_on(self, request: Request, typed: str) -> Response:
        neighbourhood = caller.neighbourhood(request.scope["caller"])
        found = self._guesses.find(typed, neighbourhood, self._visitors.find(request))
        browser = self._pages.browsers.of(request)
        begun = waiting.begin(found, user_code.read(typed) or "", browser.mark)
        sealed = interactions.seal(self._server.issuing.sealing, begun)
        return self._pages.go_on(f"{self._pages.path(waiting.PAGE)}?{PARAMETER}={sealed}")

    def _form(self, request: Request, typed: str, *, problem: str = "", status: int = 200) -> Response:
        shown = user_code.read(typed) or typed[:_MAX_SHOWN]
        return self._pages.ask(request, "oauth/device_code.html", status=status, problem=problem, user_code=shown)
