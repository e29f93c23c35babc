"""Interactions: what they remember, for whom, and how they travel."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oidc_server.foundation.clock import HeldClock
from oidc_server.foundation.sealing import Sealing
from oidc_server.sessions import interaction as interactions
from oidc_server.sessions.interaction import Interaction, Lost

SEALING = Sealing({1: b"k" * 32})
ALICE, BOB, SESSION = UUID(int=1), UUID(int=2), UUID(int=3)

texts = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.dictionaries(texts, texts), st.none() | st.text("abc"), st.sampled_from([None, "allow", "deny"]))
def test_what_is_sealed_is_what_is_opened(parameters: dict[str, str], browser: str | None, decision: None) -> None:
    made = replace(interactions.begin(parameters, browser), asked=ALICE.hex, decision=decision)

    sealed = interactions.seal(SEALING, made)

    assert interactions.unseal(SEALING, sealed) == made
    assert sealed.replace("-", "").replace("_", "").isalnum()  # fits a URL as it is


def test_nothing_of_it_can_be_read_from_outside() -> None:
    made = interactions.begin({"state": "a-secret-state"}, "browser")

    one, other = interactions.seal(SEALING, made), interactions.seal(SEALING, made)

    assert one != other
    assert "state" not in one


@given(texts)
def test_anything_else_is_lost(text: str) -> None:
    with pytest.raises(Lost):
        interactions.unseal(SEALING, text)


@pytest.mark.parametrize("value", [{}, [], None, "x", {"id": "x"}, {"unheard_of": 1}, [1, 2, 3, 4]])
def test_what_an_older_or_newer_release_has_sealed_is_lost_not_broken(value: object) -> None:
    with pytest.raises(Lost):
        interactions.unseal(SEALING, SEALING.seal_json("interaction", value))


def test_under_another_master_key_or_purpose_it_is_lost() -> None:
    made = interactions.begin({}, "browser")

    for sealed in (
        interactions.seal(Sealing({1: b"x" * 32}), made),
        interactions.seal(Sealing({2: b"k" * 32}), made),
        SEALING.seal_json("logout", {"id": made.id, "parameters": {}, "started_at": 0}),
    ):
        with pytest.raises(Lost):
            interactions.unseal(SEALING, sealed)


def test_after_a_change_of_the_master_key_it_still_opens() -> None:
    sealed = interactions.seal(SEALING, interactions.begin({"state": "s"}, "browser"))

    assert interactions.unseal(Sealing({1: b"k" * 32, 2: b"n" * 32}), sealed).parameters == {"state": "s"}


def test_each_has_an_id_of_its_own() -> None:
    ids = {interactions.begin({}, None).grant_id for _ in range(1000)}

    assert len(ids) == 1000


def test_it_belongs_to_the_browser_that_shows_it_first() -> None:
    posted = interactions.begin({}, None)

    assert posted.seen_by("one").browser == "one"
    assert posted.seen_by("one").seen_by("other").browser == "one"


def test_only_who_was_asked_has_been_asked() -> None:
    made = interactions.begin({}, "browser")

    assert not made.has_asked(ALICE)
    assert made.asking(ALICE).has_asked(ALICE)
    assert not made.asking(ALICE).has_asked(BOB)


def test_asking_somebody_else_forgets_what_was_decided() -> None:
    made = interactions.begin({}, "browser").asking(ALICE).decided("allow")

    assert made.asking(BOB).decision is None


def test_signing_in_and_deciding_keep_the_request() -> None:
    made = interactions.begin({"state": "s"}, "browser")

    done = made.signed_in(SESSION).asking(ALICE).decided("deny")

    assert (done.id, done.parameters, done.browser, done.started_at) == (
        made.id, made.parameters, made.browser, made.started_at,
    )  # fmt: skip
    assert done.signed_in_as == SESSION.hex


def test_it_expires_on_the_second(held_clock: HeldClock) -> None:
    made: Interaction = interactions.begin({}, "browser")
    held_clock.move(timedelta(seconds=59))
    assert not made.has_expired(60)

    held_clock.move(timedelta(seconds=1))

    assert made.has_expired(60)


def test_begun_again_on_another_browser_nothing_that_was_done_counts() -> None:
    made = replace(
        interactions.begin({"client_id": "tv"}, "browser", page="device/confirm"),
        proven={"request": "x"},
        signed_in_as=SESSION.hex,
        asked=ALICE.hex,
        decision="allow",
    )

    again = interactions.begin_again(made, "another")

    assert (again.parameters, again.page, again.browser) == ({"client_id": "tv"}, "device/confirm", "another")
    assert (again.proven, again.signed_in_as, again.asked, again.decision) == (None, None, None, None)
    assert again.id != made.id
