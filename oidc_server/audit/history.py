"""History: what the trail says of one person, as they may read it themselves."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from oidc_server.audit.events import Event
from oidc_server.audit.models import AuditEvent
from oidc_server.foundation.languages import N_

#: What people are told of, and how it is called; the rest is between clients and us.
WORDS: dict[str, str] = {
    Event.USER_CREATED: N_("Your account was created"),
    Event.USER_CHANGED: N_("An operator changed your account"),
    Event.USER_ENABLED: N_("An operator enabled your account"),
    Event.USER_DISABLED: N_("Your account was disabled"),
    Event.USER_RESTORED: N_("Your account was restored"),
    Event.SIGNED_IN: N_("You signed in"),
    Event.SIGN_IN_FAILED: N_("Somebody failed to sign in as you"),
    Event.SIGNED_OUT: N_("You signed out"),
    Event.FACTOR_ADDED: N_("You added a way to prove who you are"),
    Event.FACTOR_REMOVED: N_("You removed a way to prove who you are"),
    Event.FACTOR_REFUSED: N_("A code or passkey was refused"),
    Event.RECOVERY_CODES_MADE: N_("You got new recovery codes"),
    Event.RECOVERY_CODE_USED: N_("You used a recovery code"),
    Event.PASSKEY_COUNTER_FELL: N_("A passkey may have been copied"),
    Event.BROWSER_TRUSTED: N_("You trusted a browser"),
    Event.BROWSER_DISTRUSTED: N_("You no longer trust a browser"),
    Event.FACTORS_RESET: N_("An operator removed your second factors"),
    Event.UPSTREAM_JOINED: N_("Your account was made from one elsewhere"),
    Event.UPSTREAM_LINKED: N_("You linked an account elsewhere"),
    Event.UPSTREAM_UNLINKED: N_("You unlinked an account elsewhere"),
    Event.SIGNED_UP: N_("You signed up"),
    Event.EMAIL_VERIFIED: N_("You confirmed your e-mail address"),
    Event.EMAIL_CHANGE_ASKED: N_("A change of your e-mail address was asked for"),
    Event.EMAIL_CHANGED: N_("Your e-mail address was changed"),
    Event.PASSWORD_RESET_ASKED: N_("A link to choose a new password was asked for"),
    Event.PASSWORD_RESET: N_("You chose a new password by a link"),
    Event.SESSION_SWITCHED: N_("Your account was chosen on a browser where you were signed in"),
    Event.PROFILE_CHANGED: N_("You changed your profile"),
    Event.PASSWORD_CHANGED: N_("You changed your password"),
    Event.DATA_EXPORTED: N_("You downloaded your data"),
    Event.ACCOUNT_DELETED: N_("You deleted your account"),
    Event.CONSENT_GIVEN: N_("You allowed an application"),
    Event.CONSENT_REFUSED: N_("You refused an application"),
    Event.CONSENT_WITHDRAWN: N_("You took back what an application was allowed"),
    Event.DEVICE_APPROVED: N_("You connected a device"),
    Event.DEVICE_DENIED: N_("You refused a device"),
    Event.CODE_REPLAYED: N_("An application was signed out: its code was used twice"),
    Event.REFRESH_TOKEN_REPLAYED: N_("An application was signed out: its token was used twice"),
}


def read(session: Session, user_id: UUID, *, before: datetime | None = None, count: int) -> list[AuditEvent]:
    """The latest events that a person may read, the last one first; those before a time for the next page."""
    of_person = [AuditEvent.user_id == user_id, AuditEvent.event.in_(WORDS)]
    if before is not None:
        of_person.append(AuditEvent.at < before)
    return list(session.scalars(select(AuditEvent).where(*of_person).order_by(AuditEvent.at.desc()).limit(count)))


def has(session: Session, user_id: UUID, event: Event) -> bool:
    """Whether this ever happened to a person, as far as the trail goes back."""
    of_person = (AuditEvent.user_id == user_id, AuditEvent.event == str(event))
    return session.execute(select(AuditEvent.id).where(*of_person).limit(1)).first() is not None


def anonymise(session: Session, user_id: UUID) -> None:
    """Let what is kept of a person's past tell nothing of them: no address, no details, only ids that mean nothing any more."""
    of_person = update(AuditEvent).where(AuditEvent.user_id == user_id)
    session.execute(of_person.values(address=None, details=None))
