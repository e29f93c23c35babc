"""What is due before an authorization request can be answered: a choice, a sign-in, a consent, or nothing more.

Pure: values in, a step out, or the refusal that the client is told.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from oidc_server.accounts import proofs
from oidc_server.accounts.current import Current
from oidc_server.clients import redirect_uris
from oidc_server.oauth.authorize import whom
from oidc_server.oauth.authorize.asked import AuthorizationRequest
from oidc_server.oauth.errors import (
    AccessDenied,
    AccountSelectionRequired,
    ConsentRequired,
    LoginRequired,
    OAuthRefused,
    UnmetAuthenticationRequirements,
)
from oidc_server.sessions.interaction import Interaction

#: Signing in for this very request is recent enough for any `max_age`, but not for ever.
_SIGNED_IN_JUST_NOW = timedelta(minutes=5)


class Step(Enum):
    """What the person does next."""

    CREATE = "create"
    SELECT = "select"
    SIGN_IN = "sign in"
    SECOND_FACTOR = "second factor"
    SWITCH = "switch"
    """Nothing for them to do, but the one whom the client means takes the lead on the browser."""
    CONSENT = "consent"
    NOTHING = "nothing"


@dataclass(frozen=True)
class Situation:
    """What is known when a request is looked at."""

    asked: AuthorizationRequest
    person: Current | None
    """Whom the request is about."""
    subject: str | None
    """By which the client knows them."""
    remembered: frozenset[str]
    """The scopes that the person has allowed the client before."""
    interaction: Interaction | None
    now: datetime
    has_factor: bool = False
    """Whether they could prove more at once; known where it matters."""
    is_acting: bool = True
    """Whether that person is the one who acts on the browser."""
    has_others: bool = False
    """Whether others are signed in on the browser."""


def next_step(situation: Situation) -> Step:
    """The step that is due; raises what the client is told where the person refused or may not be asked."""
    if has_refused(situation):
        raise AccessDenied("The person refused.")
    step = next((step for step, is_due in _IN_ORDER if is_due(situation)), Step.NOTHING)
    if step in _UNASKED and "none" in situation.asked.prompts:
        refusal, told = _UNASKED[step]
        raise refusal(f"The person must {told}, and prompt is none.")
    return step


def sign_up_is_due(situation: Situation) -> bool:
    """Whether the person is to make an account (Initiating User Registration via OpenID Connect 1.0 §4)."""
    return "create" in situation.asked.prompts and not has_just_signed_in(situation)


def selection_is_due(situation: Situation) -> bool:
    """Whether the person must choose as whom they go on, of those who are signed in (OpenID Connect Core §3.1.2.1)."""
    asked, person = situation.asked, situation.person
    if "select_account" in asked.prompts:
        is_anybody_there = person is not None or situation.has_others
        return is_anybody_there and not (person is not None and whom.was_chosen(situation.interaction, person))
    # Nobody acts any more: nothing says which of the others should.
    return person is None and situation.has_others and "login" not in asked.prompts and not asked.hinted_subjects


def sign_in_is_due(situation: Situation) -> bool:
    """Whether the person must prove who they are (OpenID Connect Core §3.1.2.3)."""
    asked, person = situation.asked, situation.person
    if person is None:
        return True
    if whom.was_chosen(situation.interaction, person):
        if is_another_person(situation):
            raise LoginRequired("Another person signed in than the one whom the client named.")
        if not situation.is_acting and "none" not in asked.prompts and has_been_switched_to(situation):
            # The browser didn't keep that: switched again and again, it would go round for ever.
            return True
    if has_just_signed_in(situation):
        return has_grown_too_old(situation, at_least=_SIGNED_IN_JUST_NOW)
    if "login" in asked.prompts or is_another_person(situation):
        return True
    return has_grown_too_old(situation)


def second_factor_is_due(situation: Situation) -> bool:
    """Whether the person must prove more than they have, or should where they can (OpenID Connect Core §5.5.1.1)."""
    asked, person, interaction = situation.asked, situation.person, situation.interaction
    if person is None or not wants_more(asked, person):
        return False
    if interaction is not None and interaction.has_declined(person.user.id):
        if asked.acr_is_essential:
            raise UnmetAuthenticationRequirements("The person would not prove themselves with a second factor.")
        return False
    if "none" in asked.prompts and not asked.acr_is_essential:
        return False
    # Who has no factor yet adds one only for a client that is content with nothing less.
    return situation.has_factor or proofs.ONE not in asked.acr_values


def wants_more(asked: AuthorizationRequest, person: Current) -> bool:
    """Whether the client would rather have more than one factor, of which there was one only."""
    if asked.acr_is_essential and person.session.acr in asked.acr_values:
        return False
    return person.session.acr == proofs.ONE and asked.acr_values[:1] == (proofs.TWO,)


def switch_is_due(situation: Situation) -> bool:
    """Whether another person has to take the lead on the browser; not where nobody would notice that it happened."""
    return not situation.is_acting and "none" not in situation.asked.prompts


def has_been_switched_to(situation: Situation) -> bool:
    """Whether the person was to take the lead on the browser before."""
    interaction, person = situation.interaction, situation.person
    return interaction is not None and person is not None and interaction.selected == person.session.id.hex


def has_grown_too_old(situation: Situation, *, at_least: timedelta = timedelta()) -> bool:
    """Whether the sign-in is older than the client wants, or than `at_least` if that is longer."""
    max_age, person = situation.asked.max_age, situation.person
    if max_age is None or person is None:
        return False
    return situation.now - person.session.authenticated_at > max(max_age, at_least)


def has_just_signed_in(situation: Situation) -> bool:
    """Whether the person signed in for this very request."""
    interaction, person = situation.interaction, situation.person
    return interaction is not None and person is not None and interaction.signed_in_as == person.session.id.hex


def is_another_person(situation: Situation) -> bool:
    """Whether the client expects somebody else."""
    hinted, person = situation.asked.hinted_subjects, situation.person
    return bool(hinted) and person is not None and situation.subject not in hinted


def consent_is_due(situation: Situation) -> bool:
    """Whether the person must be asked (OpenID Connect Core §3.1.2.4)."""
    asked = situation.asked
    if decision_of(situation) == "allow" and asked.to_allow <= situation.remembered:
        return False
    if "consent" in asked.prompts:
        return True
    if asked.client.metadata.skip_consent:
        return False
    if asked.client.metadata.is_public and not may_be_remembered(asked):
        return True
    return not asked.to_allow <= situation.remembered


def may_be_remembered(asked: AuthorizationRequest) -> bool:
    """Whether an earlier consent counts: not where any program could pose as the client (RFC 8252 §8.6)."""
    return asked.client.metadata.application_type != "native" or redirect_uris.is_https(asked.redirect_uri)


def has_refused(situation: Situation) -> bool:
    """Whether the person said no to this very request."""
    return decision_of(situation) == "deny"


def decision_of(situation: Situation) -> str | None:
    """What this very person decided about this very request."""
    interaction, person = situation.interaction, situation.person
    if interaction is None or person is None or not interaction.has_asked(person.user.id):
        return None
    return interaction.decision


_IN_ORDER: tuple[tuple[Step, Callable[[Situation], bool]], ...] = (
    (Step.CREATE, sign_up_is_due),
    (Step.SELECT, selection_is_due),
    (Step.SIGN_IN, sign_in_is_due),
    (Step.SWITCH, switch_is_due),
    (Step.SECOND_FACTOR, second_factor_is_due),
    (Step.CONSENT, consent_is_due),
)
#: What a client is told that forbids us to ask (OpenID Connect Core §3.1.2.6).
_UNASKED: dict[Step, tuple[type[OAuthRefused], str]] = {
    Step.SELECT: (AccountSelectionRequired, "choose an account"),
    Step.SIGN_IN: (LoginRequired, "sign in"),
    Step.SECOND_FACTOR: (LoginRequired, "prove themselves with a second factor"),
    Step.CONSENT: (ConsentRequired, "be asked for consent"),
}
