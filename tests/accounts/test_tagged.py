"""Claims in other languages: how they are named, and which of them are told (OpenID Connect Core §5.2)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oidc_server.accounts import tagged

KEPT: dict[str, Any] = {
    "name": "Hanako Yamada",
    "name#ja-Hani-JP": "山田花子",
    "name#ja-Kana-JP": "ヤマダハナコ",
    "name#de": "Hanako Jamada",
    "nickname#de-CH": "Hanni",
    "birthdate": "2000-01-01",
}


@pytest.mark.parametrize(
    ("written", "known"),
    [
        ("name#JA-kana-jp", "name#ja-Kana-JP"),
        ("name#de", "name#de"),
        ("address#ZH-hant-tw", "address#zh-Hant-TW"),
        ("name#sl-ROZAJ-1994", "name#sl-rozaj-1994"),
        ("name#en-a-BBBB-x-CC", "name#en-a-bbbb-x-cc"),
    ],
)
def test_a_tag_has_one_spelling(written: str, known: str) -> None:
    assert tagged.canonical(written) == known  # SPEC OpenID Connect Core §5.2


@pytest.mark.parametrize(
    "name", ["email#de", "sub#de", "birthdate#de", "x#de", "name#", "name#d", "name#de_CH", "name#de#ch"]
)
def test_what_has_no_language_is_refused(name: str) -> None:
    assert not tagged.is_tagged(name)
    with pytest.raises(ValueError, match=name):
        tagged.canonical(name)


@pytest.mark.parametrize(
    ("names", "locales", "told"),
    [
        (["name"], [], {}),
        (["name"], ["fr"], {}),
        (["name"], ["de", "ja-Kana-JP"], {"name#de", "name#ja-Kana-JP"}),
        (["name"], ["fr", "ja"], {"name#ja-Hani-JP", "name#ja-Kana-JP"}),
        (["nickname"], ["de", "fr"], {"nickname#de-CH"}),
        (["name"], ["de-AT-1996", "fr"], {"name#de"}),
        (["name", "birthdate"], ["DE", "fr"], {"name#de"}),
        (["name#de"], [], {"name#de"}),
        (["name#ja"], ["de"], {"name#ja-Hani-JP", "name#ja-Kana-JP"}),
        (["name#j"], [], {}),
        (["name"], ["d", "j"], {}),
    ],
)
def test_the_closest_versions_are_told_under_their_own_names(
    names: list[str], locales: list[str], told: set[str]
) -> None:
    found = tagged.told(KEPT, names, locales)  # SPEC OpenID Connect Core §5.2
    assert found == {name: KEPT[name] for name in told}


def test_they_stand_in_the_order_of_preference() -> None:
    assert list(tagged.told(KEPT, ["name"], ["ja-Kana-JP", "de"])) == ["name#ja-Kana-JP", "name#de"]
    assert list(tagged.told(KEPT, ["name"], ["de", "ja-Kana-JP"])) == ["name#de", "name#ja-Kana-JP"]


def test_in_one_language_the_plain_claim_is_told_too() -> None:
    # SPEC OpenID Connect Core §5.2
    assert tagged.told(KEPT, ["name"], ["de"]) == {"name": "Hanako Jamada", "name#de": "Hanako Jamada"}
    assert tagged.told(KEPT, ["nickname"], ["de"]) == {"nickname": "Hanni", "nickname#de-CH": "Hanni"}
    # Two scripts: which of them the client means, nobody knows.
    assert "name" not in tagged.told(KEPT, ["name"], ["ja"])


def test_what_says_something_else_now_says_it_in_no_language() -> None:
    assert tagged.still_true(KEPT, {**KEPT, "name": "Hanako Sato"}) == {"nickname#de-CH": "Hanni"}
    assert tagged.still_true(KEPT, KEPT) == tagged.of(KEPT)


@given(st.text(max_size=60))
def test_whatever_a_client_prefers_is_read(text: str) -> None:
    locales = tagged.locales(text)
    assert len(locales) <= 10
    assert set(locales) <= set(text.split())
    tagged.told(KEPT, ["name", f"name#{text}"], locales)
