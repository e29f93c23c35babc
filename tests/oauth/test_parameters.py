"""What a request sent, each name at most once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oidc_server.oauth import parameters
from oidc_server.oauth.parameters import TooMany

PAIRS = st.lists(st.tuples(st.sampled_from("abcde"), st.text(max_size=3)), max_size=6)


@given(pairs=PAIRS)
def test_a_name_that_comes_twice_is_refused_and_only_then(pairs: list[tuple[str, str]]) -> None:
    names = [name for name, _ in pairs]
    repeated = {name for name in names if names.count(name) > 1}

    sent_once = {name: value for name, value in pairs if name not in repeated and value}
    if not repeated:
        assert parameters.once(pairs) == sent_once  # RFC 6749 §3.1: empty is as if not sent
        return

    with pytest.raises(TooMany) as refusal:
        parameters.once(pairs)
    assert set(refusal.value.names) == repeated
    assert refusal.value.values == sent_once


def test_a_name_that_comes_twice_is_refused_even_when_it_is_empty() -> None:
    with pytest.raises(TooMany):
        parameters.once([("scope", ""), ("scope", "")])


def test_the_refusal_names_the_parameter_and_never_its_value() -> None:
    with pytest.raises(TooMany) as refusal:
        parameters.once([("client_secret", "hush"), ("client_secret", "hush")])

    assert "client_secret" in refusal.value.told
    assert "hush" not in refusal.value.told + refusal.value.because


def test_a_name_from_outside_is_told_in_plain_characters_only() -> None:
    with pytest.raises(TooMany) as refusal:
        parameters.once([('"\r\né' * 50, "")] * 2)

    assert refusal.value.told.isprintable()
    assert refusal.value.told.isascii()  # RFC 6749 §5.2: error_description
    assert '"' not in refusal.value.told
