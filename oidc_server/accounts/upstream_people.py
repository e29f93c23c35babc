"""People who come from upstreams: whose account an identity leads to, who gets a new one, and who may not come."""

import re
import unicodedata
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from oidc_server.accounts import directory, sign_up, ways_in
from oidc_server.accounts.letters import Letters
from oidc_server.accounts.models import User
from oidc_server.accounts.profile import Profile
from oidc_server.audit import trail
from oidc_server.audit.events import Event
from oidc_server.federation import identities
from oidc_server.federation.definition import Upstream
from oidc_server.federation.refusals import NotAdmitted
from oidc_server.federation.told import Told
from oidc_server.foundation.database import Database
from oidc_server.foundation.identifiers import new_reference
from oidc_server.foundation.languages import N_

_TRIES = 5
#: Where a person sees what is linked.
_PAGE = "account/upstreams"
_MAX_NAME = 64
#: Whether a number is a person's own, nobody but us has made sure of.
_NOT_TAKEN = frozenset({"phone_number_verified"})
_HIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_NO_LETTERS = re.compile(r"[^\w.-]+")

_REFUSED = N_("With this account of the other provider you cannot sign in here.")
_NO_ACCOUNT = N_(
    "Nobody here is linked to that account. Sign in another way, then link it on the pages of your account."
)
_KNOWN_ADDRESS = N_(
    "There is an account with your e-mail address here. Sign in to it another way, then link the two on its pages."
)
_TAKEN = N_("That account is linked to somebody else here.")


class _TooLate(Exception):
    """Somebody else, most likely the same person in another tab, was faster: what was tried is undone."""


class UpstreamPeople:
    """Finds out who somebody is here whom an upstream has named."""

    def __init__(self, database: Database, letters: Letters, *, needs_verified: bool) -> None:
        """`needs_verified` says whether nobody is in an account before its address is confirmed."""
        self._database = database
        self._letters = letters
        self._needs_verified = needs_verified

    def settle(self, upstream: Upstream, told: Told) -> User:
        """The user who has come; NotAdmitted if they may not. Two first sign-ins at once end in one account."""
        for _ in range(_TRIES):
            try:
                with self._database.transaction() as session:
                    return self._user(session, upstream, told)
            except (_TooLate, IntegrityError):
                continue
        raise NotAdmitted(_REFUSED, because="no name was to be had")

    def _user(self, session: Session, upstream: Upstream, told: Told) -> User:
        owner = identities.owner(session, told)
        if owner is None:
            return self._first_visit(session, upstream, told)
        user = directory.get(session, owner)
        if user is None:
            raise NotAdmitted(_REFUSED, because="disabled user")
        if self._needs_verified and user.unconfirmed_since is not None:
            raise NotAdmitted(_REFUSED, because="unconfirmed address")
        if upstream.refresh_claims:
            directory.refresh_claims(session, user, clean(told.claims))
        return user

    def _first_visit(self, session: Session, upstream: Upstream, told: Told) -> User:
        email = told.email
        is_proven = upstream.trusted_for_email and told.email_verified
        holder = directory.find_by_email(session, email) if email is not None else None
        if holder is not None and holder.email_verified and is_proven:
            return _matched(session, self._letters, upstream, told, holder)
        if not upstream.just_in_time:
            raise NotAdmitted(_NO_ACCOUNT, because="not linked, and no account is made just in time")
        if holder is not None and is_proven and self._needs_verified and sign_up.is_nobodys(holder):
            sign_up.make_way(session, holder.id)
            holder = None
        # An address that somebody else is in with unproven gives no right to their account, and is not taken away.
        own = email if holder is None else None
        user = directory.add(
            session,
            _free_name(session, told),
            email=own,
            password_hash=None,
            event=Event.UPSTREAM_JOINED,
            email_verified=own is not None and is_proven,
            claims=clean(told.claims),
            roles=[],
        )
        _link_new(session, user, told)
        return user


def still_holds(session: Session, user: User) -> None:
    """Raise NotAdmitted unless the user may still act, in the transaction that begins their session."""
    if not directory.is_unchanged(session, user):
        raise NotAdmitted(_REFUSED, because="changed meanwhile")


def link(session: Session, letters: Letters, user: User, told: Told) -> None:
    """Link an identity to a user who is signed in; NotAdmitted if it is somebody else's."""
    owner = identities.owner(session, told)
    if owner is None and identities.add(session, told, user.id):
        trail.record(session, Event.UPSTREAM_LINKED, user_id=user.id, upstream=told.upstream)
        letters.tell_owner(session, "upstream_linked", user, _PAGE)
    elif identities.owner(session, told) != user.id:
        raise NotAdmitted(_TAKEN, because="linked to another user")


def unlink(session: Session, letters: Letters, user: User, identity_id: UUID) -> bool:
    """Take an identity away, unless it is their last way to sign in; whether it was taken away."""
    if not ways_in.has_another(session, user.id, than_identity=identity_id):
        return False
    if identities.remove(session, user.id, identity_id):
        trail.record(session, Event.UPSTREAM_UNLINKED, user_id=user.id)
        letters.tell_owner(session, "upstream_unlinked", user, _PAGE)
    return True


def _matched(session: Session, letters: Letters, upstream: Upstream, told: Told, holder: User) -> User:
    """The account whose address was proven here and there."""
    if upstream.email_matching != "verified":
        raise NotAdmitted(_KNOWN_ADDRESS, because="the address is another account's, and email_matching is never")
    if holder.disabled_at is not None:
        raise NotAdmitted(_REFUSED, because="disabled user")
    _link_new(session, holder, told)
    letters.tell_owner(session, "upstream_linked", holder, _PAGE)
    return holder


def _link_new(session: Session, user: User, told: Told) -> None:
    if not identities.add(session, told, user.id):
        raise _TooLate
    trail.record(session, Event.UPSTREAM_LINKED, user_id=user.id, upstream=told.upstream)


def _free_name(session: Session, told: Told) -> str:
    """A user name after what they are called there; never one that somebody has."""
    email = told.email or ""
    for wanted in (told.claims.get("preferred_username"), email.partition("@")[0], told.claims.get("name")):
        name = _plain(wanted)
        if name:
            break
    else:
        name = told.upstream
    if directory.find_by_username(session, name) is None:
        return name
    return f"{name}-{new_reference().lower()}"


def _plain(wanted: Any) -> str:
    """What a name leaves when it may hold neither an @ nor anything by which it could pass for another."""
    if not isinstance(wanted, str):
        return ""
    name = unicodedata.normalize("NFKC", wanted).partition("@")[0].strip()
    return _NO_LETTERS.sub("-", name)[:_MAX_NAME].strip("-._")


def clean(claims: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of an upstream's claims: those of a person's profile, where they have the form that is right here."""
    kept: dict[str, Any] = {}
    for name in Profile.model_fields.keys() & claims.keys() - _NOT_TAKEN:
        with suppress(ValidationError):
            kept |= Profile.model_validate({name: claims[name]}).stored()
    return {name: value for name, value in kept.items() if not _HIDDEN.search(_text(value))}


def _text(value: Any) -> str:
    return " ".join(value.values()) if isinstance(value, dict) else str(value)
