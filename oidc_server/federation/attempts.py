"""Attempts: a sign-in at an upstream that is under way on one browser.

It travels sealed in the `state` parameter, through the upstream and back; until it is used up nothing of it is stored. The
nonce and the code verifier are derived from its id under the master key, so that whoever sees it learns neither.
"""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

from oidc_server.federation.models import UsedAttempt
from oidc_server.federation.refusals import AttemptLost
from oidc_server.foundation import clock
from oidc_server.foundation.database import Database
from oidc_server.foundation.encoding import b64url
from oidc_server.foundation.sealing import Sealing
from oidc_server.foundation.statements import insert_if_absent, remove_in_batches

LASTS_FOR_SECONDS = 15 * 60
_PURPOSE = "upstream attempt"


@dataclass(frozen=True)
class Attempt:
    """Somebody has been sent to an upstream."""

    id: str
    upstream: str
    browser: str
    """The mark of the browser it belongs to."""
    started_at: int
    interaction: str | None = None
    """What they came to do, sealed."""
    link_to: str | None = None
    """The user who, signed in here, wants to link an identity."""
    max_age: int | None = None
    """Seconds since they proved there who they are, at most."""
    prompts: tuple[str, ...] = ()
    """What the upstream was told to ask."""

    @property
    def expires_at(self) -> int:
        """When it is over, whatever comes."""
        return self.started_at + LASTS_FOR_SECONDS


def begin(upstream: str, browser: str, **others: Any) -> Attempt:
    """A new one."""
    return Attempt(uuid4().hex, upstream, browser, clock.timestamp(), **others)


def seal(sealing: Sealing, attempt: Attempt) -> str:
    """The `state` parameter."""
    return sealing.seal_json(
        _PURPOSE, {name: value for name, value in asdict(attempt).items() if value not in (None, ())}
    )


def unseal(sealing: Sealing, state: str, *, upstream: str, browser: str) -> Attempt:
    """The attempt that has come back; AttemptLost unless this browser began it for this upstream, not long ago."""
    try:
        values = sealing.open_json(_PURPOSE, state)
        attempt = Attempt(**{**values, "prompts": tuple(values.get("prompts", ()))})
    except (ValueError, TypeError) as error:
        raise AttemptLost("state was not made here") from error
    if attempt.browser != browser:
        # Whoever gets somebody else to follow their own callback would sign them in as themselves (login CSRF).
        raise AttemptLost("state belongs to another browser")
    if attempt.upstream != upstream:
        raise AttemptLost("state belongs to another upstream")
    return attempt


def use(database: Database, attempt: Attempt) -> None:
    """Use an attempt up: check and use are one statement; AttemptLost if it is over or was used before."""
    if clock.timestamp() >= attempt.expires_at:
        raise AttemptLost("state has expired")
    expires_at = datetime.fromtimestamp(attempt.expires_at, tz=UTC)
    with database.autocommit() as connection:
        if not insert_if_absent(connection, UsedAttempt, {"id": UUID(hex=attempt.id), "expires_at": expires_at}):
            raise AttemptLost("state was used before")


def nonce(sealing: Sealing, attempt: Attempt) -> str:
    """What the ID token must repeat (OpenID Connect Core §3.1.2.1)."""
    return b64url(sealing.lasting("upstream nonce", attempt.id.encode()))


def verifier(sealing: Sealing, attempt: Attempt) -> str:
    """The code verifier (RFC 7636 §4.1)."""
    return b64url(sealing.lasting("upstream verifier", attempt.id.encode()))


def challenge(sealing: Sealing, attempt: Attempt) -> str:
    """The code challenge, by S256 (RFC 7636 §4.2)."""
    return b64url(sha256(verifier(sealing, attempt).encode()).digest())


def remove_old(database: Database) -> int:
    """Forget, in small batches, those that would have expired; how many."""
    return remove_in_batches(database, UsedAttempt.id, UsedAttempt.expires_at < clock.now())
