"""Which language somebody is answered in."""

from contextvars import copy_context

import pytest

from oidc_server.foundation import negotiation

TAGS = ("en", "de", "fr", "ja", "pt-BR", "zh-Hant")


@pytest.mark.parametrize(
    ("header", "ranges"),
    [
        ("de", ["de"]),
        ("de-AT, de;q=0.9, en;q=0.8", ["de-AT", "de", "en"]),
        ("en;q=0.5, fr;q=0.9, ja", ["ja", "fr", "en"]),  # RFC 9110 §12.5.4
        ("de;q=0, fr", ["fr"]),
        ("*, de", ["de"]),
        ("de ; q=0.3", ["de"]),
        ("de;q=2, fr;q=x, ja;level=1, en", ["en"]),
        ("", []),
        (",,;;", []),
        ("de\u00fc, <script>, e" + "x" * 20, []),
        (",".join(["de"] * 200), ["de"] * 20),
    ],
)
def test_the_ranges_of_a_browser_come_by_their_weight(header: str, ranges: list[str]) -> None:
    assert negotiation.weighed(header) == ranges


@pytest.mark.parametrize(
    ("wished", "tag"),
    [
        ("de", "de"),
        ("DE-at", "de"),
        ("de_CH", "de"),
        ("it fr-CA en", "fr"),  # OpenID Connect Core §3.1.2.1
        ("zh-Hant-TW", "zh-Hant"),  # RFC 4647 §3.4
        ("zh", None),
        ("pt", None),
        ("fr-x-private", "fr"),  # RFC 4647 §3.4
        ("de-a-foo-bar", "de"),
        ("it nl", None),
        ("* de", "de"),
        ("", None),
        ("../../etc/passwd", None),
    ],
)
def test_a_range_is_shortened_until_it_fits(wished: str, tag: str | None) -> None:
    assert negotiation.lookup(negotiation.listed(wished), TAGS) == tag


def test_outside_a_request_nothing_is_known() -> None:
    negotiation.note_client("de")

    assert negotiation.wishes().client == ""


def _two_requests() -> None:
    negotiation.begin({"headers": []})
    negotiation.note_client("de")
    negotiation.note_profile("fr-FR")
    assert (negotiation.wishes().client, negotiation.wishes().profile) == ("de", "fr-FR")

    negotiation.begin({"headers": []})
    negotiation.note_profile(["de"])

    assert (negotiation.wishes().client, negotiation.wishes().profile) == ("", "")


def test_what_one_request_said_is_forgotten_in_the_next_and_a_locale_is_text() -> None:
    copy_context().run(_two_requests)
