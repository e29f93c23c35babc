"""The directory: finds users by what they call themselves, makes them, changes them, disables them."""

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.orm import Session

from oidc_server.accounts import pictures, tagged, trusted_browsers
from oidc_server.accounts.models import Milestone, User
from oidc_server.audit import trail
from oidc_server.audit.events import Event
from oidc_server.foundation import clock
from oidc_server.foundation.database import Handle
from oidc_server.foundation.languages import N_, Text
from oidc_server.foundation.statements import affected, insert_if_absent
from oidc_server.logouts import outbox
from oidc_server.sessions import ledger
from oidc_server.sessions.models import BrowserSession
from oidc_server.tokens import grants

ADMINISTRATOR = "admin"
#: The roles of those whom error pages tell why, and not only what.
EXPLAINED_TO = frozenset({ADMINISTRATOR, "developer"})
_MAX_LENGTH = 255
FIRST_ADMINISTRATOR = "first_administrator"
DEVELOPMENT = "development"

_FIND = select(User.__table__).where(or_(User.username_key == bindparam("key"), User.email_key == bindparam("key")))
_FIND_BY_USERNAME = select(User.__table__).where(User.username_key == bindparam("key"))
_FIND_BY_EMAIL = select(User.__table__).where(User.email_key == bindparam("key"))
_GET_ALL = select(User.__table__).where(User.id.in_(bindparam("user_ids", expanding=True)), User.disabled_at.is_(None))
_GET = select(User.__table__).where(User.id == bindparam("user_id"), User.disabled_at.is_(None))


def key(name: str) -> str:
    """The one form of all spellings of a user name or e-mail address: compatible characters, no case."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).strip()


def find(handle: Handle, login: str) -> User | None:
    """The user who calls themselves that: by user name or e-mail address, enabled or not."""
    wanted = key(login)
    if not wanted:
        return None
    # A user name with an @ is its owner's own address, so that at most one user answers.
    row = handle.execute(_FIND, {"key": wanted}).first()
    return User(**row._mapping) if row else None


def get(handle: Handle, user_id: UUID) -> User | None:
    """The enabled user with this id."""
    row = handle.execute(_GET, {"user_id": user_id}).first()
    return User(**row._mapping) if row else None


def get_all(handle: Handle, user_ids: Iterable[UUID]) -> dict[UUID, User]:
    """The enabled users with these ids, by id."""
    wanted = list(user_ids)
    rows = handle.execute(_GET_ALL, {"user_ids": wanted}) if wanted else ()
    return {row.id: User(**row._mapping) for row in rows}


def goes_by(user: User, login: str) -> bool:
    """Whether this is what a user calls themselves: their user name or e-mail address, in any spelling."""
    return key(login) in (user.username_key, user.email_key)


def check_names(username: str, email: str | None) -> None:
    """Raise ValueError unless nobody could mistake this user's names for another's."""
    if not username.strip() or username != username.strip():
        raise ValueError(N_("The user name must not be empty, nor start or end with white space."))
    if any(unicodedata.category(character).startswith("C") for character in username):
        raise ValueError(N_("The user name must hold no control characters."))
    if len(key(username)) > _MAX_LENGTH or len(username) > _MAX_LENGTH:
        raise ValueError(Text(N_("The user name must have at most %(n)s characters."), n=_MAX_LENGTH))
    if "@" in key(username) and key(username) != key(email or ""):
        raise ValueError(N_("The user name holds an @, so it must be the user's own e-mail address."))


def add(
    session: Session,
    username: str,
    *,
    email: str | None,
    password_hash: str | None,
    event: Event = Event.USER_CREATED,
    **others: Any,
) -> User:
    """Make a user; IntegrityError if the name or address is taken."""
    check_names(username, email)
    now = clock.now()
    user = User(
        username=username,
        username_key=key(username),
        email=email,
        email_key=key(email) if email else None,
        password_hash=password_hash,
        created_at=now,
        updated_at=now,
        **others,
    )
    session.add(user)
    session.flush()
    if ADMINISTRATOR in user.roles:
        is_first_administrator(session)
    trail.record(session, event, user_id=user.id)
    return user


def reserve(session: Session, email: str, *, password_hash: str, **others: Any) -> User | None:
    """Make a user who signs in with their address; None if somebody has it already: of many at once, one is made."""
    now = clock.now()
    values = {
        "id": uuid4(),
        "username": email,
        "username_key": key(email),
        "email": email,
        "email_key": key(email),
        "email_verified": False,
        "password_hash": password_hash,
        "roles": [],
        "claims": {},
        "created_at": now,
        "updated_at": now,
        **others,
    }
    return User(**values) if insert_if_absent(session, User, values) else None


def hold(session: Session, user_id: UUID) -> User | None:
    """The enabled user with this id, who stays as they are until the transaction ends."""
    row = session.execute(_GET.with_for_update(), {"user_id": user_id}).first()
    return User(**row._mapping) if row else None


def update_user(session: Session, user_id: UUID, **values: Any) -> None:
    """Write columns of a user."""
    session.execute(update(User).where(User.id == user_id).values(**values, updated_at=clock.now()))


def is_first_administrator(session: Session) -> bool:
    """Note that there is an administrator; whether it is the first one."""
    return insert_if_absent(session, Milestone, {"name": FIRST_ADMINISTRATOR, "at": clock.now()})


def mark_development(session: Session) -> None:
    """Note that this database holds people and clients whose passwords and secrets everybody knows."""
    insert_if_absent(session, Milestone, {"name": DEVELOPMENT, "at": clock.now()})


def is_of_development(handle: Handle) -> bool:
    """Whether this database was ever furnished for development."""
    return handle.execute(select(Milestone.name).where(Milestone.name == DEVELOPMENT)).first() is not None


def has_administrator(handle: Handle) -> bool:
    """Whether there has ever been an administrator."""
    return handle.execute(select(Milestone.name).where(Milestone.name == FIRST_ADMINISTRATOR)).first() is not None


def change(session: Session, user: User, *, password_hash: str | None, enabled: bool, **columns: Any) -> None:
    """Change a user as an operator wants; a new password or being disabled ends their sessions and grants."""
    values: dict[str, Any] = {**columns, "updated_at": clock.now()}
    if "email" in columns:
        check_names(user.username, columns["email"])
        values["email_key"] = key(columns["email"]) if columns["email"] else None
    if password_hash is not None:
        values["password_hash"] = password_hash
    was_enabled = not user.is_barred
    if enabled != was_enabled:
        # An account that its owner has deleted is given back by `deletion.restore` alone.
        values["disabled_at"] = user.deleted_at if enabled else clock.now()
    session.execute(update(User).where(User.id == user.id).values(values))
    if password_hash is not None or not enabled:
        end_everything(session, user.id)
    if ADMINISTRATOR in columns.get("roles", ()):
        is_first_administrator(session)
    event = Event.USER_CHANGED if enabled == was_enabled else Event.USER_ENABLED if enabled else Event.USER_DISABLED
    trail.record(session, event, user_id=user.id)


def refresh_claims(session: Session, user: User, told: Mapping[str, Any]) -> None:
    """Put what an upstream tells of a user in the place of what is known; what it doesn't tell stays."""
    # The picture that they have chosen themselves is the one they want to be seen by.
    has_own = pictures.is_uploaded(session, user.id)
    claims = {**user.claims, **{name: told[name] for name in told if not (has_own and name == pictures.CLAIM)}}
    if claims == user.claims:
        return
    if claims.get("phone_number") != user.claims.get("phone_number"):
        claims.pop("phone_number_verified", None)
    stays = tagged.still_true(user.claims, claims)
    claims = {name: value for name, value in claims.items() if "#" not in name or name in stays}
    session.execute(update(User).where(User.id == user.id).values(claims=claims, updated_at=clock.now()))
    user.claims = claims
    trail.record(session, Event.UPSTREAM_REFRESHED, user_id=user.id)


def disable(session: Session, user: User) -> None:
    """Let a user do nothing any more: sign-ins, sessions and grants end with this transaction."""
    not_yet = or_(User.disabled_at.is_(None), User.disabled_at == User.deleted_at)
    session.execute(update(User).where(User.id == user.id, not_yet).values(disabled_at=clock.now()))
    end_everything(session, user.id)
    trail.record(session, Event.USER_DISABLED, user_id=user.id)


def end_session(session: Session, known: BrowserSession, client_id: str | None = None) -> None:
    """Sign a person out of one session: it ends, and so do the grants that live as long as it."""
    if ledger.end(session, known.id):
        outbox.add_for_session(session, known.id)
        grants.revoke_of_session(session, known.id)
        trail.record(session, Event.SIGNED_OUT, user_id=known.user_id, session_id=known.id, client_id=client_id)


def end_everything(session: Session, user_id: UUID) -> None:
    """End a user's sessions and grants, their trust in browsers, and sign-ins that are half way."""
    session.execute(update(User).where(User.id == user_id).values(cut_off_at=clock.now()))
    outbox.add_for_user(session, user_id)
    ledger.end_all_of(session, user_id)
    grants.revoke_of_user(session, user_id)
    trusted_browsers.remove_all(session, user_id)


def is_unchanged(session: Session, user: User) -> bool:
    """Whether the user is still enabled, was so all the time, and has still the same password; until the transaction ends.

    Another sign-in may have renewed the hash of the same password meanwhile: that changes nothing else.
    """
    same_password = or_(User.password_hash == user.password_hash, User.updated_at == user.updated_at)
    not_cut_off = User.cut_off_at.is_not_distinct_from(user.cut_off_at)
    same = (User.id == user.id, same_password, not_cut_off, User.disabled_at.is_(None))
    return session.execute(select(User.id).where(*same).with_for_update(read=True)).first() is not None


def upgrade_password(session: Session, user: User, password_hash: str) -> bool:
    """Keep a renewed hash of the same password, unless the password has changed meanwhile; whether it was kept."""
    same = (User.id == user.id, User.password_hash == user.password_hash)
    is_kept = affected(session.execute(update(User).where(*same).values(password_hash=password_hash))) == 1
    if is_kept:
        trail.record(session, Event.PASSWORD_UPGRADED, user_id=user.id)
    return is_kept


def find_by_username(handle: Handle, username: str) -> User | None:
    """The user with this user name, and nobody who has it as an address; enabled or not."""
    row = handle.execute(_FIND_BY_USERNAME, {"key": key(username)}).first()
    return User(**row._mapping) if row else None


def find_by_email(handle: Handle, email: str) -> User | None:
    """The user who has this e-mail address, verified or not; enabled or not."""
    row = handle.execute(_FIND_BY_EMAIL, {"key": key(email)}).first()
    return User(**row._mapping) if row else None


def list_all(session: Session) -> list[User]:
    """Every user, disabled ones too, by name."""
    return list(session.scalars(select(User).order_by(User.username_key)))
