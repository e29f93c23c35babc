"""Codes: a grant's id and a MAC, which nobody can make up."""

from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from oidc_server.foundation.sealing import Sealing
from oidc_server.tokens import code as codes
from oidc_server.tokens import refresh_token

SEALING = Sealing({1: b"m" * 32})
IDS = st.uuids()


@given(grant_id=IDS)
def test_a_code_stands_for_its_grant(grant_id: UUID) -> None:
    assert codes.read(SEALING, codes.mint(SEALING, grant_id)) == grant_id


@given(grant_id=IDS)
def test_a_code_fits_into_a_url_and_is_always_the_same(grant_id: UUID) -> None:
    code = codes.mint(SEALING, grant_id)

    assert code == codes.mint(SEALING, grant_id)
    assert code.replace("-", "").replace("_", "").isalnum()


@given(grant_id=IDS, position=st.integers(0, 65), character=st.sampled_from("AZaz09-_=.+/ \n\u00e9"))
def test_one_changed_character_makes_it_junk(grant_id: UUID, position: int, character: str) -> None:
    code = codes.mint(SEALING, grant_id)
    changed = code[:position] + character + code[position + 1 :]

    assert (codes.read(SEALING, changed) is None) == (changed != code)


@given(junk=st.text())
def test_junk_stands_for_nothing(junk: str) -> None:
    assert codes.read(SEALING, junk) is None


def test_a_code_of_another_master_key_is_junk() -> None:
    assert codes.read(Sealing({1: b"x" * 32}), codes.mint(SEALING, uuid4())) is None


def test_a_refresh_token_is_no_code() -> None:
    assert codes.read(SEALING, refresh_token.mint(SEALING, uuid4(), 0)) is None


def test_whoever_knows_the_grant_s_id_still_lacks_the_code() -> None:
    one, other = uuid4(), uuid4()
    spliced = codes.mint(SEALING, one)[:21] + codes.mint(SEALING, other)[21:]

    assert codes.read(SEALING, spliced) is None  # RFC 6749 §10.10
