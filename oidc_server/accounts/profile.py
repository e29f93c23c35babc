"""The profile: OpenID Connect's standard claims about a person, and which of them they say of themselves (Core §5.1)."""

import re
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, field_validator
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from oidc_server.accounts import claims, tagged
from oidc_server.accounts.models import User
from oidc_server.audit import trail
from oidc_server.audit.events import Event
from oidc_server.clients.kinds import WebAddress
from oidc_server.foundation import clock

Text = Annotated[str, Field(min_length=1, max_length=500)]

_BIRTHDATE = re.compile(r"[0-9]{4}(-[0-9]{2}-[0-9]{2})?")
#: A leap year, for birthdays whose year nobody is told (`0000-02-29`).
_SOME_YEAR = "2000"
#: What only others can say of a person, or what has a way of its own.
_NOT_THEIRS = frozenset({"phone_number_verified", "picture"})


class Address(BaseModel):
    """A postal address (OpenID Connect Core §5.1.1)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    formatted: Text | None = None
    street_address: Text | None = None
    locality: Text | None = None
    region: Text | None = None
    postal_code: Text | None = None
    country: Text | None = None


class Profile(BaseModel):
    """The standard claims, but for those that belong to the account itself: its name and its e-mail address."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Text | None = None
    family_name: Text | None = None
    given_name: Text | None = None
    middle_name: Text | None = None
    nickname: Text | None = None
    profile: WebAddress | None = None
    picture: WebAddress | None = None
    website: WebAddress | None = None
    gender: Text | None = None
    birthdate: str | None = None
    zoneinfo: Annotated[str, Field(pattern=r"^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$", max_length=100)] | None = None
    locale: Annotated[str, Field(pattern=r"^[A-Za-z]{2,8}([_-][A-Za-z0-9]{1,8})*$", max_length=100)] | None = None
    address: Address | None = None
    phone_number: Text | None = None
    phone_number_verified: bool | None = None

    @field_validator("birthdate")
    @classmethod
    def _is_a_date(cls, value: str | None) -> str | None:
        if value is None or (_BIRTHDATE.fullmatch(value) and _is_a_day(value)):
            return value
        raise ValueError("birthdate must be YYYY-MM-DD, 0000-MM-DD without its year, or YYYY")

    def stored(self) -> dict[str, Any]:
        """The claims as a row of `users` keeps them: those that have a value."""
        given = self.model_dump(mode="json", exclude_none=True)
        return {name: given[name] for name in claims.STORED if given.get(name) not in (None, {})}


def save(session: Session, user_id: UUID, said: Profile) -> None:
    """Keep what a person says of themselves; what only others can say stays, as long as it is about the same."""
    known = session.scalars(select(User.claims).where(User.id == user_id).with_for_update()).one()
    kept = {name: known[name] for name in _NOT_THEIRS if name in known}
    new = {name: value for name, value in said.stored().items() if name not in _NOT_THEIRS}
    kept |= tagged.still_true(known, new)
    if new.get("phone_number") != known.get("phone_number"):
        kept.pop("phone_number_verified", None)
    if {**new, **kept} == known:
        return
    values = {"claims": {**new, **kept}, "updated_at": clock.now()}
    session.execute(update(User).where(User.id == user_id).values(values))
    changed = sorted(name for name in {*new, *known} if new.get(name) != known.get(name) and name not in kept)
    trail.record(session, Event.PROFILE_CHANGED, user_id=user_id, claims=changed)


def _is_a_day(text: str) -> bool:
    try:
        date.fromisoformat(text.replace("0000", _SOME_YEAR, 1) if len(text) > 4 else f"{text}-01-01")
    except ValueError:
        return text == "0000"
    return True
