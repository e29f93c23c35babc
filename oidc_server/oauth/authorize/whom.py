"""Whom a request is about: of several people who are signed in on one browser, the one whom the client means."""

from collections.abc import Callable, Iterable
from uuid import UUID

from oidc_server.accounts import directory
from oidc_server.accounts.current import Current
from oidc_server.accounts.models import User
from oidc_server.oauth.authorize.asked import AuthorizationRequest
from oidc_server.sessions.interaction import Interaction

Subjects = Callable[[UUID], str]
"""By which `sub` the client knows a user."""


def is_settled(
    asked: AuthorizationRequest, interaction: Interaction | None, acting: Current | None, subject_of: Subjects
) -> bool:
    """Whether it is about whoever acts on the browser: they were chosen for it, or nothing speaks for anybody else."""
    if acting is None:
        return False
    return was_chosen(interaction, acting) or not _names_somebody(asked) or _names(asked, acting.user, subject_of)


def find(asked: AuthorizationRequest, people: Iterable[Current], subject_of: Subjects) -> Current | None:
    """Of the people who are signed in, the one whom the client names (OpenID Connect Core §3.1.2.1)."""
    return next((person for person in people if _names(asked, person.user, subject_of)), None)


def was_chosen(interaction: Interaction | None, person: Current) -> bool:
    """Whether this person was chosen, or proved who they are, for this very request."""
    return interaction is not None and interaction.was_chosen(person.session.id)


def _names_somebody(asked: AuthorizationRequest) -> bool:
    return bool(asked.hinted_subjects) or _login_hint(asked) is not None


def _names(asked: AuthorizationRequest, user: User, subject_of: Subjects) -> bool:
    if asked.hinted_subjects:
        return subject_of(user.id) in asked.hinted_subjects
    login = _login_hint(asked)
    return login is not None and directory.goes_by(user, login)


def _login_hint(asked: AuthorizationRequest) -> str | None:
    """The user name that the client hints at, unless it wants the person to say themselves who they are."""
    return None if asked.prompts & {"login", "select_account"} else asked.get("login_hint")
