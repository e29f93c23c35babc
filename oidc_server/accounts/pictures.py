"""Pictures: the one that a person has uploaded of themselves, and the claim that leads to it.

Each upload gets a new random id: who knew the old address learns nothing of the new one, and caches may keep what they have.
"""

from uuid import UUID, uuid4

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from oidc_server.accounts.models import Picture, User
from oidc_server.audit import trail
from oidc_server.audit.events import Event
from oidc_server.foundation import clock
from oidc_server.foundation.database import Handle
from oidc_server.foundation.statements import table

PATH = "pictures"
CLAIM = "picture"


def keep(session: Session, user_id: UUID, content: bytes, issuer: str) -> None:
    """Keep a person's new picture; the old one is forgotten."""
    claims = _forgotten(session, user_id)
    picture_id = uuid4()
    values = {"id": picture_id, "user_id": user_id, "content": content, "created_at": clock.now()}
    session.execute(insert(table(Picture)), values)
    _tell(session, user_id, {**claims, CLAIM: address(issuer, picture_id)})


def remove(session: Session, user_id: UUID) -> None:
    """Forget a person's picture, and whatever else was said to be one."""
    claims = _forgotten(session, user_id)
    if claims.pop(CLAIM, None) is not None:
        _tell(session, user_id, claims)


def address(issuer: str, picture_id: UUID) -> str:
    """Where everybody who knows the id finds the picture."""
    return f"{issuer}/{PATH}/{picture_id}"


def of(handle: Handle, user_id: UUID) -> Picture | None:
    """What a person has uploaded."""
    row = handle.execute(select(Picture.__table__).where(Picture.user_id == user_id)).first()
    return Picture(**row._mapping) if row else None


def is_uploaded(handle: Handle, user_id: UUID) -> bool:
    """Whether a person has uploaded one."""
    return handle.execute(select(Picture.id).where(Picture.user_id == user_id)).first() is not None


def find(handle: Handle, picture_id: UUID) -> bytes | None:
    """The picture with this id, as long as its owner's account is open."""
    shown = (Picture.id == picture_id, User.id == Picture.user_id, User.disabled_at.is_(None))
    return handle.execute(select(Picture.content).where(*shown)).scalar_one_or_none()


def _forgotten(session: Session, user_id: UUID) -> dict[str, object]:
    """The person's claims, held until the transaction ends, when their old picture is gone."""
    claims = session.scalars(select(User.claims).where(User.id == user_id).with_for_update()).one()
    session.execute(delete(Picture).where(Picture.user_id == user_id))
    return dict(claims)


def _tell(session: Session, user_id: UUID, claims: dict[str, object]) -> None:
    session.execute(update(User).where(User.id == user_id).values(claims=claims, updated_at=clock.now()))
    trail.record(session, Event.PROFILE_CHANGED, user_id=user_id, claims=[CLAIM])
