"""Which scopes may be granted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oidc_server.clients.metadata import IDENTITY_SCOPES
from oidc_server.oauth import scopes
from oidc_server.oauth.errors import InvalidGrant, InvalidScope

IDENTITY = frozenset(IDENTITY_SCOPES)
API = frozenset({"orders.read", "orders.write", "stock"})
SETS = st.frozensets(st.sampled_from([*IDENTITY, *API, "unheard-of"]))
#: RFC 6749 §3.3: %x21 / %x23-5B / %x5D-7E
TOKENS = st.text(st.sampled_from([chr(code) for code in (0x21, *range(0x23, 0x5C), *range(0x5D, 0x7F))]), min_size=1)


@given(names=st.lists(TOKENS, min_size=1, max_size=5))
def test_scopes_are_parted_by_single_spaces(names: list[str]) -> None:
    assert scopes.parse(" ".join(names)) == frozenset(names)


@pytest.mark.parametrize("text", ["", " ", "a ", " a", "a  b", "a\tb", "a\nb", 'a"', "a\\b", "é", "a\0", "a\x7f"])
def test_a_malformed_scope_is_refused(text: str) -> None:
    with pytest.raises(InvalidScope):
        scopes.parse(text)


def test_no_parameter_is_no_scope() -> None:
    assert scopes.parse(None) == frozenset()


@given(requested=SETS, allowed=SETS, may_refresh=st.booleans())
def test_a_person_is_asked_for_what_the_client_may_have_and_asked_for(
    requested: frozenset[str], allowed: frozenset[str], may_refresh: bool
) -> None:
    meaningful = requested & (API | IDENTITY)
    useful = meaningful if may_refresh else meaningful - {"offline_access"}
    if not meaningful <= allowed or not useful:
        with pytest.raises(InvalidScope):
            scopes.for_person(requested, allowed, API, may_refresh=may_refresh)
        return

    assert scopes.for_person(requested, allowed, API, may_refresh=may_refresh) == useful  # OpenID Connect Core §11


def test_an_unknown_scope_is_ignored_for_a_person() -> None:
    asked = scopes.for_person(frozenset({"openid", "unheard-of"}), IDENTITY, API, may_refresh=True)

    assert asked == {"openid"}  # OpenID Connect Core §3.1.2.1: SHOULD be ignored


@given(requested=SETS, allowed=SETS)
def test_a_client_gets_no_scope_about_a_person_for_itself(requested: frozenset[str], allowed: frozenset[str]) -> None:
    available = allowed & API
    if not requested <= available:
        with pytest.raises(InvalidScope):
            scopes.for_client(requested, allowed, API)
        return

    assert scopes.for_client(requested, allowed, API) == (requested or available)


@given(granted=SETS, allowed=SETS, known=SETS)
def test_today_is_what_was_granted_and_is_still_allowed_and_known(
    granted: frozenset[str], allowed: frozenset[str], known: frozenset[str]
) -> None:
    left = granted & allowed & (known | IDENTITY)
    if not left:
        with pytest.raises(InvalidGrant):
            scopes.today(granted, allowed, known)
        return

    assert scopes.today(granted, allowed, known) == left


@given(requested=st.one_of(st.none(), SETS.filter(bool)), granted=SETS)
def test_a_refresh_never_gets_more_than_was_granted(requested: frozenset[str] | None, granted: frozenset[str]) -> None:
    text = None if requested is None else " ".join(requested)
    if requested is not None and not requested <= granted:
        with pytest.raises(InvalidScope):
            scopes.narrowed(text, granted)  # RFC 6749 §6
        return

    assert scopes.narrowed(text, granted) == (requested or granted)


def test_every_scope_of_openid_connect_has_words_for_the_consent_page() -> None:
    assert set(scopes.WORDS) == IDENTITY | {"roles", "account"}
