"""The checks of an authorization request, without HTTP and database."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oidc_server.clients.metadata import ClientMetadata
from oidc_server.clients.registry import Client
from oidc_server.oauth import parameters
from oidc_server.oauth.authorize import checks
from oidc_server.oauth.authorize.asked import AuthorizationRequest
from oidc_server.oauth.errors import InvalidRequest
from oidc_server.oauth.parameters import TooMany

URI = "https://shop.example.com/callback"
#: These checks ask the server nothing.
NOBODY: Any = None
#: Where nobody may make an account for themselves, and where everybody may.
CLOSED: Any = SimpleNamespace(may_sign_up=False)
OPEN: Any = SimpleNamespace(may_sign_up=True)

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)


def asked(values: dict[str, str], repeated: tuple[str, ...] = ()) -> AuthorizationRequest:
    """A request of a web client."""
    made = AuthorizationRequest("https://id.example.com/authorize", values, repeated)
    made.client = Client("shop", ClientMetadata(redirect_uris=(URI,)))
    return made


def test_the_checks_of_the_client_come_first() -> None:
    wrong_in_every_way = asked({"redirect_uri": "https://evil.example", "prompt": "maybe"}, ("client_id", "state"))

    with pytest.raises(checks.UnknownClient) as told:
        checks.run([*checks.OF_THE_CLIENT, *checks.OF_THE_REQUEST], wrong_in_every_way, NOBODY)

    assert not wrong_in_every_way.redirect_uri
    assert told.value.error == "invalid_request"


@given(texts)
def test_only_what_is_registered_passes_as_redirect_uri(uri: str) -> None:
    made = asked({"redirect_uri": uri})

    with pytest.raises(checks.UnknownRedirectUri):
        checks.check_redirect_uri(made, NOBODY)

    assert made.redirect_uri == ""


@given(st.sets(st.sampled_from(checks.PROMPTS)))
def test_prompts_go_together_unless_none_is_among_others(prompts: set[str]) -> None:
    made = asked({"prompt": " ".join(sorted(prompts))} if prompts else {})  # OpenID Connect Core §3.1.2.1

    if "none" in prompts and len(prompts) > 1:
        with pytest.raises(InvalidRequest):
            checks.check_prompt(made, CLOSED)
    else:
        checks.check_prompt(made, CLOSED)
        assert made.prompts == prompts


@given(texts.filter(lambda text: not set(text.split()) <= set(checks.PROMPTS)))
def test_an_unknown_prompt_is_refused(prompt: str) -> None:
    with pytest.raises(InvalidRequest):
        checks.check_prompt(asked({"prompt": prompt}), CLOSED)


def test_prompt_create_is_known_only_where_people_may_sign_up_and_stands_alone() -> None:
    made = asked({"prompt": "create"})
    checks.check_prompt(made, OPEN)

    assert made.prompts == {"create"}
    assert checks.CREATE in checks.prompts_of(OPEN)  # Initiating User Registration §4.2
    assert checks.CREATE not in checks.prompts_of(CLOSED)
    with pytest.raises(InvalidRequest):  # Initiating User Registration §4.1
        checks.check_prompt(asked({"prompt": "create"}), CLOSED)
    for other in checks.PROMPTS:
        with pytest.raises(InvalidRequest):
            checks.check_prompt(asked({"prompt": f"create {other}"}), OPEN)


@given(st.integers(0, 999_999_999))
def test_max_age_is_a_number_of_seconds(seconds: int) -> None:
    made = asked({"max_age": str(seconds)})

    checks.check_max_age(made, NOBODY)

    assert made.max_age == timedelta(seconds=seconds)


@given(texts.filter(lambda text: not (text.isascii() and text.isdigit())))
def test_max_age_is_nothing_else(text: str) -> None:
    with pytest.raises(InvalidRequest):
        checks.check_max_age(asked({"max_age": text}), NOBODY)


@given(texts)
def test_no_answer_is_sent_in_a_way_that_the_client_did_not_ask_for(response_mode: str) -> None:
    made = asked({"response_mode": response_mode})

    if response_mode in checks.RESPONSE_MODES:
        checks.check_response_mode(made, NOBODY)
        return
    with pytest.raises(InvalidRequest) as told:
        checks.check_response_mode(made, NOBODY)
    assert told.value.told.isascii()


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["", "1", "2"])), max_size=6))
def test_a_name_counts_once(pairs: list[tuple[str, str]]) -> None:
    names = [name for name, _ in pairs]

    if len(names) == len(set(names)):
        assert parameters.once(pairs) == {name: value for name, value in pairs if value}
        return
    with pytest.raises(TooMany) as told:
        parameters.once(pairs)
    assert set(told.value.names) == {name for name in names if names.count(name) > 1}
    assert not set(told.value.names) & set(told.value.values)


@given(texts)
def test_whatever_was_received_a_refusal_is_told_in_the_characters_that_oauth_allows(text: str) -> None:
    refusal = InvalidRequest(f"Received {text!r}.")  # RFC 6749 §4.1.2.1

    told = refusal.parameters()["error_description"]

    assert all(" " <= character <= "~" and character not in '"\\' for character in told)
    assert urlencode({"error_description": told}).isascii()
