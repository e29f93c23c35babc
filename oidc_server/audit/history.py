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


def anonymise(session: Session, user_id: UUID) -> None:
    """Let what is kept of a person's past tell nothing of them: no address, no details, only ids that mean nothing any more."""
    of_person = update(AuditEvent).where(AuditEvent.user_id == user_id)
    session.execute(of_person.values(address=None, details=None))
