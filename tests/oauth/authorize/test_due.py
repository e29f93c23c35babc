"""What is due next: the rules alone, without HTTP and database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oidc_server.accounts.current import Current
from oidc_server.accounts.models import User
from oidc_server.clients.metadata import ClientMetadata
from oidc_server.clients.registry import Client
from oidc_server.oauth.authorize import due
from oidc_server.oauth.authorize.asked import AuthorizationRequest
from oidc_server.oauth.authorize.due import Situation, Step
from oidc_server.oauth.errors import AccessDenied, AccountSelectionRequired, ConsentRequired, LoginRequired
from oidc_server.sessions.interaction import Interaction
from oidc_server.sessions.models import BrowserSession

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
ALICE, BOB = UUID(int=1), UUID(int=2)
SESSION, OTHER_SESSION = UUID(int=10), UUID(int=11)
WEB, LOOPBACK, CLAIMED = (
    "https://shop.example.com/callback",
    "http://127.0.0.1:5/callback",
    "https://app.example.com/cb",
)


def client(**members: Any) -> Client:
    return Client("shop", ClientMetadata(**{"redirect_uris": (WEB, CLAIMED), **members}))


def native(**members: Any) -> Client:
    return client(application_type="native", token_endpoint_auth_method="none", **members)


def asked(of: Client | None = None, uri: str = WEB, **found: Any) -> AuthorizationRequest:
    """A request for `openid profile`, past its checks."""
    made = AuthorizationRequest("https://id.example.com/authorize", {})
    made.client, made.redirect_uri, made.scopes = of or client(), uri, frozenset({"openid", "profile"})
    for name, value in found.items():
        setattr(made, name, value)
    return made


def signed_in(user: UUID = ALICE, session: UUID = SESSION, ago: timedelta = timedelta(0)) -> Current:
    return Current(User(id=user), BrowserSession(id=session, user_id=user, authenticated_at=NOW - ago))


def waiting(**done: Any) -> Interaction:
    return replace(Interaction("0" * 32, {}, 0, "browser"), **done)


def situation(request: AuthorizationRequest | None = None, **known: Any) -> Situation:
    """Alice is signed in and has allowed everything, unless told otherwise."""
    usual: dict[str, Any] = {
        "person": signed_in(),
        "remembered": frozenset({"openid", "profile"}),
        "interaction": None,
        "now": NOW,
    }
    person = known.get("person", usual["person"])
    subject = str(person.user.id) if person else None
    return Situation(asked=request or asked(), subject=subject, **{**usual, **known})


def step(request: AuthorizationRequest | None = None, **known: Any) -> Step:
    return due.next_step(situation(request, **known))


SILENT = frozenset({"none"})


def test_who_is_not_signed_in_signs_in() -> None:
    assert step(person=None) is Step.SIGN_IN


def test_who_is_signed_in_and_has_consented_is_asked_nothing() -> None:
    assert step() is Step.NOTHING
    assert step(asked(prompts=SILENT)) is Step.NOTHING


def test_a_fresh_sign_in_is_due_when_the_client_wants_one() -> None:
    request = asked(prompts=frozenset({"login"}))  # OpenID Connect Core §3.1.2.1

    assert step(request) is Step.SIGN_IN
    assert step(request, interaction=waiting()) is Step.SIGN_IN
    assert step(request, interaction=waiting(signed_in_as=OTHER_SESSION.hex)) is Step.SIGN_IN
    assert step(request, interaction=waiting(signed_in_as=SESSION.hex)) is Step.NOTHING


def test_a_choice_is_due_when_the_client_wants_one_and_there_is_somebody_to_choose() -> None:
    request = asked(prompts=frozenset({"select_account"}))  # OpenID Connect Core §3.1.2.1

    assert step(request) is Step.SELECT
    assert step(request, interaction=waiting(selected=OTHER_SESSION.hex)) is Step.SELECT
    assert step(request, interaction=waiting(selected=SESSION.hex)) is Step.NOTHING
    assert step(request, interaction=waiting(signed_in_as=SESSION.hex)) is Step.NOTHING
    assert step(request, person=None) is Step.SIGN_IN
    assert step(request, person=None, has_others=True) is Step.SELECT


def test_a_choice_and_a_fresh_sign_in_are_due_one_after_the_other() -> None:
    request = asked(prompts=frozenset({"select_account", "login"}))

    assert step(request) is Step.SELECT
    assert step(request, interaction=waiting(selected=SESSION.hex)) is Step.SIGN_IN
    both = waiting(selected=SESSION.hex, signed_in_as=SESSION.hex)
    assert step(request, interaction=both) is Step.NOTHING


def test_where_nobody_acts_but_others_are_signed_in_they_choose() -> None:
    assert step(person=None, has_others=True) is Step.SELECT
    assert step(asked(prompts=frozenset({"login"})), person=None, has_others=True) is Step.SIGN_IN
    assert step(asked(hinted_subjects=(str(BOB),)), person=None, has_others=True) is Step.SIGN_IN
    with pytest.raises(AccountSelectionRequired):  # OpenID Connect Core §3.1.2.6
        step(asked(prompts=SILENT), person=None, has_others=True)
    with pytest.raises(LoginRequired):  # OpenID Connect Core §3.1.2.1
        step(asked(prompts=SILENT, hinted_subjects=(str(BOB),)), person=None, has_others=True)


def test_the_one_who_is_meant_takes_the_lead_once_and_never_unseen() -> None:
    request = asked(hinted_subjects=(str(ALICE),))

    assert step(request, is_acting=False) is Step.SWITCH
    assert step(request, is_acting=False, interaction=waiting(selected=SESSION.hex)) is Step.SIGN_IN
    assert step(asked(prompts=SILENT), is_acting=False) is Step.NOTHING
    assert step(asked(prompts=frozenset({"login"})), is_acting=False) is Step.SIGN_IN
    stale = signed_in(ago=timedelta(hours=1))
    assert step(asked(max_age=timedelta(minutes=1)), person=stale, is_acting=False) is Step.SIGN_IN


def test_another_one_than_the_hinted_one_was_chosen() -> None:
    request = asked(hinted_subjects=(str(BOB),), prompts=frozenset({"select_account"}))

    with pytest.raises(LoginRequired):
        step(request, interaction=waiting(selected=SESSION.hex))


def test_an_account_is_made_first_by_whoever_is_signed_in() -> None:
    request = asked(prompts=frozenset({"create"}))  # Initiating User Registration §4

    assert step(request) is Step.CREATE
    assert step(request, person=None) is Step.CREATE
    assert step(request, interaction=waiting(signed_in_as=SESSION.hex)) is Step.NOTHING


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_sign_in_older_than_max_age_does_not_count(max_age: int, age: int) -> None:
    request = asked(max_age=timedelta(seconds=max_age))  # OpenID Connect Core §3.1.2.1

    found = step(request, person=signed_in(ago=timedelta(seconds=age)))

    assert found is (Step.SIGN_IN if age > max_age else Step.NOTHING)


def test_max_age_counts_fractions_of_a_second_too() -> None:
    request = asked(max_age=timedelta())

    assert step(request, person=signed_in(ago=timedelta(milliseconds=1))) is Step.SIGN_IN


def test_another_person_than_the_hinted_one_is_not_enough() -> None:
    request = asked(hinted_subjects=(str(BOB),))  # OpenID Connect Core §3.1.2.1

    assert step(request) is Step.SIGN_IN
    assert step(request, person=signed_in(BOB)) is Step.NOTHING


def test_when_another_person_signed_in_than_the_hinted_one_the_client_is_told() -> None:
    request = asked(hinted_subjects=(str(BOB),))

    with pytest.raises(LoginRequired):  # OpenID Connect Core §3.1.2.1
        step(request, interaction=waiting(signed_in_as=SESSION.hex))


def test_new_scopes_are_asked_for() -> None:
    assert step(remembered=frozenset()) is Step.CONSENT
    assert step(remembered=frozenset({"openid"})) is Step.CONSENT
    assert step(remembered=frozenset({"openid", "profile", "email"})) is Step.NOTHING


def test_prompt_consent_asks_again() -> None:
    request = asked(prompts=frozenset({"consent"}))

    assert step(request) is Step.CONSENT
    assert step(request, interaction=waiting(asked=ALICE.hex, decision="allow")) is Step.NOTHING


def test_a_first_party_client_is_not_asked_about() -> None:
    own = client(skip_consent=True)

    assert step(asked(own), remembered=frozenset()) is Step.NOTHING
    assert step(asked(own, prompts=frozenset({"consent"}))) is Step.CONSENT


@pytest.mark.parametrize("uri", [LOOPBACK, "com.example.app:/cb"])
def test_what_any_program_could_pretend_to_be_is_asked_about_each_time(uri: str) -> None:
    assert step(asked(native(), uri)) is Step.CONSENT  # RFC 8252 §8.6, RFC 6749 §10.2


def test_a_native_app_behind_an_https_address_is_remembered() -> None:
    assert step(asked(native(), CLAIMED)) is Step.NOTHING  # RFC 8252 §7.2


def test_a_refusal_is_told_to_the_client() -> None:
    refused = waiting(asked=ALICE.hex, decision="deny")

    with pytest.raises(AccessDenied):
        step(interaction=refused)
    with pytest.raises(AccessDenied):
        step(asked(client(skip_consent=True)), interaction=refused)


@pytest.mark.parametrize("decision", ["allow", "deny"])
def test_what_somebody_else_decided_does_not_count(decision: str) -> None:
    of_bob = waiting(asked=BOB.hex, decision=decision)

    assert step(interaction=of_bob, remembered=frozenset()) is Step.CONSENT


def test_a_sign_in_comes_before_what_was_decided() -> None:
    refused = waiting(asked=ALICE.hex, decision="deny")

    assert step(interaction=refused, person=None) is Step.SIGN_IN


def test_a_client_that_forbids_questions_is_told_what_is_missing() -> None:
    with pytest.raises(LoginRequired):  # OpenID Connect Core §3.1.2.6
        step(asked(prompts=SILENT), person=None)
    with pytest.raises(LoginRequired):
        step(asked(prompts=SILENT, max_age=timedelta(seconds=1)), person=signed_in(ago=timedelta(seconds=2)))
    with pytest.raises(LoginRequired):
        step(asked(prompts=SILENT, hinted_subjects=(str(BOB),)))
    with pytest.raises(ConsentRequired):
        step(asked(prompts=SILENT), remembered=frozenset())
    with pytest.raises(ConsentRequired):
        step(asked(native(), LOOPBACK, prompts=SILENT))


PROMPTS = ({"login"}, {"consent"}, {"select_account"}, {"select_account", "login"}, {"create"})
situations = st.builds(
    situation,
    st.builds(
        asked,
        st.sampled_from([client(), client(skip_consent=True), native()]),
        st.sampled_from([WEB, LOOPBACK]),
        prompts=st.sampled_from([frozenset(), SILENT, *map(frozenset, PROMPTS)]),
        max_age=st.sampled_from([None, timedelta(), timedelta(hours=1)]),
        hinted_subjects=st.sampled_from([(), (str(ALICE),), (str(BOB),), (str(ALICE), str(BOB))]),
    ),
    person=st.sampled_from([None, signed_in(), signed_in(BOB), signed_in(ago=timedelta(hours=2))]),
    remembered=st.sampled_from([frozenset(), frozenset({"openid"}), frozenset({"openid", "profile"})]),
    is_acting=st.booleans(),
    has_others=st.booleans(),
    interaction=st.builds(
        waiting,
        signed_in_as=st.sampled_from([None, SESSION.hex, OTHER_SESSION.hex]),
        selected=st.sampled_from([None, SESSION.hex, OTHER_SESSION.hex]),
        asked=st.sampled_from([None, ALICE.hex, BOB.hex]),
        decision=st.sampled_from([None, "allow", "deny"]),
    ),
)


@given(situations)
def test_in_every_situation_there_is_one_answer(known: Situation) -> None:
    request = known.asked
    try:
        found = due.next_step(known)
    except (AccountSelectionRequired, LoginRequired, ConsentRequired, AccessDenied):
        return
    assert found is Step.NOTHING or "none" not in request.prompts
    if found in (Step.CREATE, Step.SELECT, Step.SIGN_IN, Step.SWITCH):
        return
    assert known.is_acting or "none" in request.prompts
    assert known.person is not None
    assert not request.hinted_subjects or str(known.person.user.id) in request.hinted_subjects
    if found is Step.NOTHING and not request.client.metadata.skip_consent:
        allowed = due.decision_of(known) == "allow"
        assert allowed or request.scopes <= known.remembered
