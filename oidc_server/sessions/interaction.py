"""Interactions: what a person came to do, waiting while they sign in or decide; most often an authorization request.

It travels in the URL of our own pages, sealed and bound to one browser; nothing of it is stored. Its id becomes the id of the
grant it leads to, so that it leads to one grant at most.
"""

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal
from uuid import UUID

from oidc_server.foundation import clock, negotiation
from oidc_server.foundation.identifiers import new_id
from oidc_server.foundation.sealing import Sealing

PARAMETER = "interaction"
_PURPOSE = "interaction"

Decision = Literal["allow", "deny"]


class Lost(Exception):
    """Not an interaction of ours, or one that we can no longer read."""


@dataclass(frozen=True)
class Interaction:
    """What a person came to do, and what they did for it so far."""

    id: str
    parameters: dict[str, str]
    """The authorization request's parameters (RFC 6749 §4.1.1)."""
    started_at: int
    browser: str | None = None
    """The mark of the browser it belongs to; None until a browser has shown itself (a request that was posted)."""
    signed_in_as: str | None = None
    """The session in which the person proved who they are, for this very request."""
    asked: str | None = None
    """The user whom the consent page asked."""
    decision: Decision | None = None
    """What that user decided, for this very request."""
    unproven: str | None = None
    """The user who would not prove more than they have, for this very request."""
    page: str = "authorize"
    """The page of ours that began it, and to which the login page returns."""
    proven: dict[str, str] | None = None
    """What that page has made sure of on this browser; unlike `parameters` it is lost where the request starts afresh."""
    selected: str | None = None
    """The session that was chosen, of several on this browser, for this very request."""
    login: str | None = None
    """The user name of whoever was chosen, for the login form; empty for somebody who is not on this browser yet."""
    fresh_within: int | None = None
    """Seconds since the person proved who they are, at most; 0 if they are to do so anew."""

    @property
    def grant_id(self) -> UUID:
        """The id of the grant it may lead to."""
        return UUID(hex=self.id)

    @property
    def client_id(self) -> str | None:
        """The client that sent the person, if one did."""
        return self.parameters.get("client_id")

    @property
    def expected_login(self) -> str:
        """What the login form is filled in with: who was chosen here, or else whom the client names."""
        return self.parameters.get("login_hint", "") if self.login is None else self.login

    @property
    def display(self) -> str:
        """How the client wants our pages to look (OpenID Connect Core §3.1.2.1)."""
        return self.parameters.get("display", "")

    def was_chosen(self, session_id: UUID) -> bool:
        """Whether the person of this session was chosen, or proved who they are, for this very request."""
        return session_id.hex in (self.selected, self.signed_in_as)

    def selecting(self, session_id: UUID, login: str) -> "Interaction":
        """The same, once the person of this session was chosen."""
        return replace(self, selected=session_id.hex, login=login)

    def expecting(self, login: str) -> "Interaction":
        """The same, once somebody was chosen who has to sign in: by this user name, or by any if it is empty."""
        return replace(self, selected=None, login=login)

    def signed_in(self, session_id: UUID) -> "Interaction":
        """The same, once the person has proved who they are."""
        return replace(self, signed_in_as=session_id.hex)

    def asking(self, user_id: UUID) -> "Interaction":
        """The same, as the consent page shows it to a person."""
        return replace(self, asked=user_id.hex, decision=None)

    def decided(self, decision: Decision) -> "Interaction":
        """The same, once the person asked has decided."""
        return replace(self, decision=decision)

    def declined(self, user_id: UUID) -> "Interaction":
        """The same, once the person would not prove more than they have."""
        return replace(self, unproven=user_id.hex)

    def has_declined(self, user_id: UUID) -> bool:
        """Whether this person would not prove more."""
        return self.unproven == user_id.hex

    def has_asked(self, user_id: UUID) -> bool:
        """Whether it was this person whom the consent page asked."""
        return self.asked == user_id.hex

    def needing(self, fresh_within: int | None) -> "Interaction":
        """The same, where only a proof will do that is not older than this many seconds, or any if it is None."""
        return replace(self, fresh_within=fresh_within)

    def without(self, parameter: str) -> "Interaction":
        """The same, had the client not sent this parameter."""
        return replace(self, parameters={name: value for name, value in self.parameters.items() if name != parameter})

    def seen_by(self, browser: str) -> "Interaction":
        """The same, bound to the browser that shows it first."""
        return self if self.browser else replace(self, browser=browser)

    def has_expired(self, lifetime_seconds: float) -> bool:
        """Whether it waited too long."""
        return clock.timestamp() >= self.started_at + lifetime_seconds


def begin(parameters: dict[str, str], browser: str | None, *, page: str = "authorize") -> Interaction:
    """A new one, in which nothing has been done yet."""
    return Interaction(new_id().hex, parameters, clock.timestamp(), browser, page=page)


def begin_again(interaction: Interaction, browser: str) -> Interaction:
    """The same request on another browser: nothing that was done for it counts any more."""
    return begin(interaction.parameters, browser, page=interaction.page)


def seal(sealing: Sealing, interaction: Interaction) -> str:
    """Seal it for a URL."""
    return sealing.seal_json(_PURPOSE, asdict(interaction))


def unseal(sealing: Sealing, text: str) -> Interaction:
    """Open what `seal` sealed, on whichever browser; Lost if that can't be done."""
    try:
        values: dict[str, Any] = sealing.open_json(_PURPOSE, text)
        interaction = Interaction(**values)
    except (ValueError, TypeError) as error:
        raise Lost from error
    # Every page on the way opens it here, and so speaks the language that the client wished for.
    negotiation.note_client(interaction.parameters.get("ui_locales"))
    return interaction
