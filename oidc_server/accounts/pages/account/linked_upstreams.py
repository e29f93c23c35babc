"""Where else a person may prove who they are: /account/upstreams lists, links and unlinks."""

from functools import partial
from uuid import UUID

from fastapi import Request
from starlette.responses import Response

from oidc_server.accounts import upstream_people
from oidc_server.accounts.letters import Letters
from oidc_server.accounts.models import User
from oidc_server.accounts.pages.account.frame import ELSEWHERE, Frame, IsFor, Visit
from oidc_server.federation import attempts, identities
from oidc_server.federation.attempts import Attempt
from oidc_server.federation.conversation import Conversation
from oidc_server.federation.refusals import AttemptLost, UpstreamRefused
from oidc_server.federation.upstreams import Upstreams
from oidc_server.foundation.database import Database
from oidc_server.foundation.languages import N_
from oidc_server.foundation.sealing import Sealing

_PAGE = ELSEWHERE
_LAST_WAY = N_("This is your only way to sign in. Set a password or link another account first.")


class LinkedUpstreamsPage:
    """Lists a person's identities elsewhere."""

    def __init__(
        self, frame: Frame, sealing: Sealing, upstreams: Upstreams, conversation: Conversation, letters: Letters
    ) -> None:
        self._letters = letters
        self._frame = frame
        self._sealing = sealing
        self._upstreams = upstreams
        self._conversation = conversation

    @staticmethod
    def is_for(database: Database, upstreams: Upstreams) -> IsFor:
        """Whether there is an upstream to link an account of, or an account that is linked."""

        def is_for(user: User) -> bool:
            if any(known.about.is_page for known in upstreams.all()):
                return True
            with database.autocommit() as connection:
                return identities.has_any(connection, user.id)

        return is_for

    async def show_linked(self, request: Request) -> Response:
        """Show them."""
        return await self._frame.show(request, _PAGE, self._show)

    async def submit_change(self, request: Request) -> Response:
        """Link one more, or take one away."""
        return await self._frame.submit(request, _PAGE, self._change, self._show, fresh=True)

    async def take_answer(self, request: Request, attempt: Attempt, parameters: dict[str, str]) -> Response:
        """Take what the person who links an identity brings back from there."""
        return await self._frame.show(request, _PAGE, partial(self._link, attempt=attempt, parameters=parameters))

    def _show(self, visit: Visit, problem: str = "", status: int | None = None) -> Response:
        with self._frame.database.transaction() as session:
            linked = identities.list_of(session, visit.person.user.id)
        pages = [known.about for known in self._upstreams.all() if known.about.is_page]
        names = {known.slug: known.about.name for known in self._upstreams.all()}
        values = {"linked": [(one, names.get(one.upstream, one.upstream)) for one in linked], "upstreams": pages}
        return self._frame.ask(
            visit, "accounts/account/linked_upstreams.html", problem=problem, status=status, **values
        )

    def _change(self, visit: Visit) -> Response:
        if "unlink" in visit.form:
            return self._unlink(visit, visit.form["unlink"])
        known = self._upstreams.find(visit.form.get("link", ""))
        if known is None or not known.about.is_page:
            return self._show(visit)
        mark = self._frame.pages.browsers.of(visit.request).mark
        attempt = attempts.begin(known.slug, mark, link_to=visit.person.user.id.hex, prompts=("login",))
        try:
            return self._frame.pages.go_on(self._conversation.begin(known, attempt))
        except UpstreamRefused as refusal:
            return self._show(visit, refusal.told, refusal.status)

    def _link(self, visit: Visit, *, attempt: Attempt, parameters: dict[str, str]) -> Response:
        try:
            known = self._upstreams.find(attempt.upstream)
            if known is None or visit.person.user.id.hex != attempt.link_to:
                raise AttemptLost("another person is signed in now, or the upstream is disabled")
            attempts.use(self._frame.database, attempt)
            told = self._conversation.finish(known, attempt, parameters)
            with self._frame.writing(visit) as session:
                upstream_people.link(session, self._letters, visit.person.user, told)
        except UpstreamRefused as refusal:
            return self._show(visit, refusal.told, refusal.status)
        return self._frame.done(_PAGE)

    def _unlink(self, visit: Visit, chosen: str) -> Response:
        with self._frame.writing(visit) as session:
            is_done = upstream_people.unlink(session, self._letters, visit.person.user, _identity(chosen))
        return self._frame.done(_PAGE) if is_done else self._show(visit, _LAST_WAY)


def _identity(text: str) -> UUID:
    """The id that a button names; one that is nobody's for anything else."""
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)
