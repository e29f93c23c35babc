"""Passkeys: key pairs that know their owner, instead of a password or after it (Web Authentication Level 3).

The one door to webauthn. A challenge travels sealed in the form that asks for the passkey, bound to the browser, and works
once.
"""

import ipaddress
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from oidc_server.accounts import spent
from oidc_server.accounts.models import Passkey, User
from oidc_server.audit import trail
from oidc_server.audit.events import Event
from oidc_server.foundation import clock
from oidc_server.foundation.deferred import Deferred
from oidc_server.foundation.encoding import b64url, from_b64url
from oidc_server.foundation.errors import Refused
from oidc_server.foundation.identifiers import new_id
from oidc_server.foundation.languages import N_
from oidc_server.foundation.sealing import Sealing
from oidc_server.foundation.statements import affected, insert_if_absent, table
from oidc_server.settings.model import Settings

if TYPE_CHECKING:
    import webauthn
    from webauthn.helpers import structs
    from webauthn.registration.verify_registration_response import VerifiedRegistration
else:
    webauthn = Deferred("webauthn")
    structs = Deferred("webauthn.helpers.structs")

VALID_FOR = timedelta(minutes=10)
MAX_OF_ONE_PERSON = 20
_PURPOSE = "passkey ceremony"
_SECRET_BYTES = 32
_MAX_NAME = 100
_REFUSED = N_("This passkey didn't work. Please try again.")
_TOO_LATE = N_("This took too long. Please try again.")

Deed = Literal["register", "sign in"]


class PasskeyRefused(Refused):
    """What an authenticator answered is not good."""


@dataclass(frozen=True)
class Ceremony:
    """What a page asks an authenticator for."""

    options: str
    """For the script, as JSON (WebAuthn §5.4, §5.5)."""
    sealed: str
    """For the form, which brings it back."""


class Passkeys:
    """Asks for passkeys, and checks them."""

    def __init__(self, settings: Settings, sealing: Sealing) -> None:
        self._rp_id = urlsplit(settings.issuer).hostname or ""
        self._origin = settings.origin
        self._sealing = sealing

    @property
    def are_possible(self) -> bool:
        """Whether browsers make passkeys for our address: it must be a name."""
        try:
            ipaddress.ip_address(self._rp_id)
        except ValueError:
            return True
        return False

    def ask_to_register(self, user: User, known: list[Passkey], browser: str) -> Ceremony:
        """Ask for a new passkey of this person, none that they have already."""
        handle = from_b64url(known[0].user_handle) if known else os.urandom(_SECRET_BYTES)
        challenge = os.urandom(_SECRET_BYTES)
        options = webauthn.generate_registration_options(
            rp_id=self._rp_id,
            rp_name=self._rp_id,
            user_name=user.username,
            user_id=handle,
            user_display_name=user.display_name,
            challenge=challenge,
            timeout=_milliseconds(VALID_FOR),
            authenticator_selection=structs.AuthenticatorSelectionCriteria(
                resident_key=structs.ResidentKeyRequirement.PREFERRED,
                user_verification=structs.UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=_described(known),
        )
        sealed = self._sealed("register", challenge, browser, user.id, handle)
        return Ceremony(webauthn.options_to_json(options), sealed)

    def ask_to_sign_in(self, browser: str, user_id: UUID | None = None, known: list[Passkey] | None = None) -> Ceremony:
        """Ask for a passkey: anybody's, or one of those that this person has."""
        challenge = os.urandom(_SECRET_BYTES)
        options = webauthn.generate_authentication_options(
            rp_id=self._rp_id,
            challenge=challenge,
            timeout=_milliseconds(VALID_FOR),
            allow_credentials=_described(known or []),
            user_verification=structs.UserVerificationRequirement.REQUIRED,
        )
        return Ceremony(webauthn.options_to_json(options), self._sealed("sign in", challenge, browser, user_id))

    def register(self, session: Session, user: User, browser: str, sealed: str, answer: str, name: str) -> Passkey:
        """Keep a new passkey; PasskeyRefused if it is not what was asked for."""
        asked = self._spend(session, "register", sealed, browser, user.id)
        verified, transports = self._registered(answer, from_b64url(asked["challenge"]))
        values: dict[str, Any] = {
            "id": new_id(),
            "user_id": user.id,
            "user_handle": asked["handle"],
            "credential_id": b64url(verified.credential_id),
            "public_key": verified.credential_public_key,
            "sign_count": verified.sign_count,
            "transports": transports,
            "is_synced": verified.credential_device_type is structs.CredentialDeviceType.MULTI_DEVICE,
            "name": " ".join(name.split())[:_MAX_NAME] or "Passkey",
            "created_at": clock.now(),
        }
        if not insert_if_absent(session, Passkey, values):
            raise PasskeyRefused(_REFUSED, because="registered already")
        return Passkey(**values)

    def check(self, session: Session, browser: str, sealed: str, answer: str, user_id: UUID | None = None) -> Passkey:
        """The passkey that answered, of anybody or of this person; PasskeyRefused if it is not good (WebAuthn §7.2)."""
        asked = self._spend(session, "sign in", sealed, browser, user_id)
        credential, known = self._found(session, answer, user_id)
        try:
            verified = webauthn.verify_authentication_response(
                credential=credential,
                expected_challenge=from_b64url(asked["challenge"]),
                expected_rp_id=self._rp_id,
                expected_origin=self._origin,
                credential_public_key=known.public_key,
                credential_current_sign_count=0,  # compared in _count
                require_user_verification=True,
            )
        except Exception as error:  # the library lets through whatever it stumbles over
            raise PasskeyRefused(_REFUSED, because=f"{type(error).__name__}: {error}") from error
        self._count(session, known, verified.new_sign_count)
        return known

    def _found(
        self, session: Session, answer: str, user_id: UUID | None
    ) -> "tuple[structs.AuthenticationCredential, Passkey]":
        try:
            credential = webauthn.helpers.parse_authentication_credential_json(answer)
        except Exception as error:  # the library lets through whatever it stumbles over
            raise PasskeyRefused(_REFUSED, because="not readable") from error
        known = session.scalars(select(Passkey).where(Passkey.credential_id == b64url(credential.raw_id))).first()
        handle = credential.response.user_handle
        if known is None:
            raise PasskeyRefused(_REFUSED, because="unknown passkey")
        if known.user_id != (user_id or known.user_id):
            raise PasskeyRefused(_REFUSED, because="another person's passkey")
        if (not handle and user_id is None) or (handle and b64url(handle) != known.user_handle):
            raise PasskeyRefused(_REFUSED, because="another user handle")
        return credential, known

    def _registered(self, answer: str, challenge: bytes) -> "tuple[VerifiedRegistration, list[str]]":
        try:
            credential = webauthn.helpers.parse_registration_credential_json(answer)
            verified = webauthn.verify_registration_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=self._rp_id,
                expected_origin=self._origin,
                require_user_verification=True,
            )
        except Exception as error:  # the library lets through whatever it stumbles over
            raise PasskeyRefused(_REFUSED, because=f"{type(error).__name__}: {error}") from error
        return verified, [str(one.value) for one in credential.response.transports or []]

    def _count(self, session: Session, known: Passkey, counted: int) -> None:
        """Note the use, and whether the authenticator counted backwards (WebAuthn §6.1.1)."""
        values = {"last_used_at": clock.now(), "sign_count": max(counted, known.sign_count)}
        if counted <= known.sign_count and (counted or known.sign_count):
            trail.record(session, Event.PASSKEY_COUNTER_FELL, user_id=known.user_id, passkey=str(known.id))
        session.execute(update(table(Passkey)).where(Passkey.id == known.id).values(values))

    def _sealed(self, deed: Deed, challenge: bytes, browser: str, user_id: UUID | None, handle: bytes = b"") -> str:
        values = {
            "deed": deed,
            "challenge": b64url(challenge),
            "browser": browser,
            "user": user_id.hex if user_id else None,
            "handle": b64url(handle),
            "expires_at": int((clock.now() + VALID_FOR).timestamp()),
        }
        return self._sealing.seal_json(_PURPOSE, values)

    def _spend(self, session: Session, deed: Deed, sealed: str, browser: str, user_id: UUID | None) -> dict[str, Any]:
        """What was asked for, on this browser and of this person; nobody can answer it again."""
        try:
            asked: dict[str, Any] = self._sealing.open_json(_PURPOSE, sealed)
        except ValueError as error:
            raise PasskeyRefused(_TOO_LATE, because="no challenge of ours") from error
        wanted = (deed, browser, user_id.hex if user_id else None)
        if (asked["deed"], asked["browser"], asked["user"]) != wanted:
            raise PasskeyRefused(_TOO_LATE, because="a challenge for another browser, person or deed")
        expires_at = datetime.fromtimestamp(asked["expires_at"], UTC)
        if clock.now() >= expires_at or not spent.spend(session, asked["challenge"], expires_at):
            raise PasskeyRefused(_TOO_LATE, because="the challenge has expired or was answered")
        return asked


def list_of(session: Session, user_id: UUID) -> list[Passkey]:
    """A person's passkeys, the oldest first."""
    return list(session.scalars(select(Passkey).where(Passkey.user_id == user_id).order_by(Passkey.id)))


def remove(session: Session, user_id: UUID, passkey_id: UUID) -> bool:
    """Forget one of a person's passkeys; whether it was theirs."""
    doomed = (Passkey.id == passkey_id, Passkey.user_id == user_id)
    return affected(session.execute(delete(Passkey).where(*doomed))) == 1


def _described(known: list[Passkey]) -> "list[structs.PublicKeyCredentialDescriptor]":
    return [
        structs.PublicKeyCredentialDescriptor(
            id=from_b64url(one.credential_id),
            transports=[structs.AuthenticatorTransport(name) for name in one.transports],
        )
        for one in known
    ]


def _milliseconds(duration: timedelta) -> int:
    return int(duration.total_seconds() * 1000)
