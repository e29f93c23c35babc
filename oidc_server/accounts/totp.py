"""TOTP: the codes of authenticator apps (RFC 6238), each good once.

A secret that nobody has confirmed by a code yet is kept nowhere: it travels sealed in the form that shows it.
"""

import hmac
import os
from base64 import b32encode
from typing import TYPE_CHECKING
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from oidc_server.accounts.models import Authenticator
from oidc_server.foundation import clock
from oidc_server.foundation.deferred import Deferred
from oidc_server.foundation.encoding import b64url, from_b64url
from oidc_server.foundation.identifiers import new_id
from oidc_server.foundation.sealing import Sealing
from oidc_server.foundation.statements import affected, insert_if_absent

if TYPE_CHECKING:
    import segno
else:
    segno = Deferred("segno")

STEP_SECONDS = 30
DIGITS = 6
_SECRET_BYTES = 20
_PURPOSE = "authenticator"
_DRAFT = "authenticator draft"


def new_secret() -> bytes:
    """A new secret, as long as its hash (RFC 4226 §4)."""
    return os.urandom(_SECRET_BYTES)


def draft(sealing: Sealing, user_id: UUID, secret: bytes) -> str:
    """Seal a secret that is not confirmed yet, for the form that shows it to this person."""
    return b64url(sealing.seal(_DRAFT, secret, user_id.bytes))


def drafted(sealing: Sealing, user_id: UUID, text: str) -> bytes:
    """The secret that `draft` sealed for this person; ValueError for anything else."""
    return sealing.open(_DRAFT, from_b64url(text), user_id.bytes)


def add(session: Session, sealing: Sealing, user_id: UUID, secret: bytes, code: str) -> bool:
    """Keep a secret that its owner confirms by a code, unless they have an app already; whether it is kept."""
    step = _step_of(secret, code)
    if step is None:
        return False
    row_id = new_id()
    values = {
        "id": row_id,
        "user_id": user_id,
        "sealed_secret": sealing.seal(_PURPOSE, secret, row_id.bytes),
        "last_step": step,
        "created_at": clock.now(),
    }
    return insert_if_absent(session, Authenticator, values)


def find(session: Session, user_id: UUID) -> Authenticator | None:
    """A person's authenticator app."""
    return session.scalars(select(Authenticator).where(Authenticator.user_id == user_id)).first()


def spend(session: Session, sealing: Sealing, user_id: UUID, code: str) -> bool:
    """Use a code up, if it is one of now and nobody used it or a later one; check and use are one statement (RFC 6238 §5.2)."""
    known = find(session, user_id)
    if known is None:
        return False
    step = _step_of(sealing.open(_PURPOSE, known.sealed_secret, known.id.bytes), code)
    if step is None:
        return False
    is_unused = (Authenticator.id == known.id, Authenticator.last_step < step)
    spent = update(Authenticator).where(*is_unused).values(last_step=step, last_used_at=clock.now())
    return affected(session.execute(spent.execution_options(synchronize_session=False))) == 1


def remove(session: Session, user_id: UUID) -> bool:
    """Forget a person's app; whether they had one."""
    return affected(session.execute(delete(Authenticator).where(Authenticator.user_id == user_id))) == 1


def uri(secret: bytes, issuer: str, account: str) -> str:
    """What an app reads from the QR code."""
    return _generator(secret).get_provisioning_uri(account, issuer)


def qr_code(text: str) -> str:
    """A QR code as the address of a picture, black on white also in the dark."""
    return str(segno.make(text, error="m", micro=False).svg_data_uri(scale=4, border=4, dark="#000", light="#fff"))


def spelt(secret: bytes) -> str:
    """The secret as people type it into an app, in groups of four."""
    text = b32encode(secret).decode().rstrip("=")
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


def code_at(secret: bytes, seconds: int) -> str:
    """The code of this time."""
    return _generator(secret).generate(seconds).decode()


def _step_of(secret: bytes, code: str) -> int | None:
    """The step near now whose code this is: the present one or a neighbour, for clocks that are a little off."""
    now = clock.timestamp() // STEP_SECONDS
    found = None
    for step in (now - 1, now + 1, now):
        if hmac.compare_digest(code_at(secret, step * STEP_SECONDS).encode(), code.encode()):
            found = step
    return found


def _generator(secret: bytes) -> TOTP:
    # The one algorithm that every app knows; a keyed hash needs nothing that SHA-1 lacks (RFC 6238 §1.2).
    return TOTP(secret, DIGITS, SHA1(), STEP_SECONDS)  # noqa: S303 - see above
