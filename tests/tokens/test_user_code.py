"""User codes: easy to read and type, hard to guess, and kept as a keyed hash (RFC 8628 §6.1)."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oidc_server.foundation.sealing import Sealing
from oidc_server.tokens import user_code

SEALING, OTHER = Sealing({1: b"k" * 32}), Sealing({1: b"x" * 32})


def test_a_code_spells_no_word_and_has_no_look_alikes() -> None:
    codes = {user_code.new() for _ in range(1000)}

    assert len(codes) == 1000
    assert all(re.fullmatch(r"[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}", code) for code in codes)
    assert not set("AEIOUY0123456789") & set("".join(codes))


@pytest.mark.parametrize(
    "typed", ["WDJB-MJHT", "wdjbmjht", " wdjb mjht ", "W.D.J.B/M.J.H.T", "WDJB\u2013MJHT", "wdjb-mjht1"]
)
def test_what_is_no_letter_of_ours_is_ignored(typed: str) -> None:
    assert user_code.read(typed) == "WDJB-MJHT"


@pytest.mark.parametrize("typed", ["", "-", "WDJB-MJH", "WDJB-MJHTT", "AEIO-UAEI", "\uff37" * 8, "ß" * 4])
def test_what_has_not_eight_letters_is_no_code(typed: str) -> None:
    assert user_code.read(typed) is None


@given(st.text())
def test_whatever_is_typed_is_a_code_or_none(typed: str) -> None:
    code = user_code.read(typed)

    assert code is None or user_code.read(code) == code


def test_what_is_kept_is_worth_nothing_without_the_master_key() -> None:
    code = user_code.new()

    assert user_code.fingerprint(SEALING, code) == user_code.fingerprint(SEALING, code)
    assert user_code.fingerprint(SEALING, code) != user_code.fingerprint(OTHER, code)
