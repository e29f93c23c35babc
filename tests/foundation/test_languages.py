"""Texts: marked where they are written, translated where they are shown."""

import json
from datetime import UTC, datetime

import orjson
import pytest
from jinja2 import Environment

from oidc_server.foundation import languages
from oidc_server.foundation.languages import N_, Text

# Not marked: they stand in the catalogues because pages hold them.
AT_LEAST = "At least %(n)s characters."
WRONG = "The user name or password is wrong."


@pytest.fixture
def html() -> Environment:
    """Templates of pages."""
    environment = Environment(autoescape=True, extensions=["jinja2.ext.i18n"])
    languages.install(environment)
    return environment


def rendered(environment: Environment, template: str, tag: str, **values: object) -> str:
    """A template, read by somebody who reads this language."""
    with languages.speaking(languages.load(tag)):
        return environment.from_string(template).render(values)


def test_a_text_with_values_is_english_for_programs_and_translated_for_people() -> None:
    text = Text(AT_LEAST, n=8)

    assert text == "At least 8 characters."
    assert orjson.dumps({"detail": text}) == b'{"detail":"At least 8 characters."}'
    assert json.dumps(text) == '"At least 8 characters."'
    assert languages.load("de").say(text) == "Mindestens 8 Zeichen."
    assert languages.load("en").say(text) == "At least 8 characters."


def test_marking_changes_nothing() -> None:
    assert N_(WRONG) is WRONG


@pytest.mark.parametrize("tag", languages.tags())
def test_no_text_is_no_text_in_any_language(tag: str) -> None:
    assert languages.load(tag).say("") == ""


def test_what_nobody_has_translated_stays_as_it_is() -> None:
    assert languages.load("de").say("100 % of %(this)s") == "100 % of %(this)s"


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "100 %", "%s %(x)s %", "&amp;"])
def test_a_refusal_that_quotes_its_caller_is_no_html_and_no_pattern(html: Environment, text: str) -> None:
    expected = html.from_string("{{ text }}").render(text=text)

    assert rendered(html, "{{ _(text) }}", "de", text=text) == expected


def test_values_are_no_html(html: Environment) -> None:
    template = "{{ _(pattern, n='<b>') }}|{{ _(text) }}"

    shown = rendered(html, template, "de", pattern=AT_LEAST, text=Text(AT_LEAST, n="<b>"))

    assert shown == "Mindestens &lt;b&gt; Zeichen.|Mindestens &lt;b&gt; Zeichen."


def test_a_mail_is_plain_text() -> None:
    environment = Environment(autoescape=False, extensions=["jinja2.ext.i18n"])  # noqa: S701 - as mails are made
    languages.install(environment)

    assert rendered(environment, "{{ _(p, n='<o>') }}", "de", p=AT_LEAST) == "Mindestens <o> Zeichen."


@pytest.mark.parametrize(
    ("tag", "n", "shown"),
    [
        ("en", 1, "a minute ago"),
        ("en", 5, "5 minutes ago"),
        ("de", 1, "vor einer Minute"),
        ("fr", 2, "il y a 2 minutes"),
        ("ja", 1, "1 分前"),
        ("ar", 2, "قبل دقيقتين"),
        ("ar", 5, "قبل 5 دقائق"),
        ("ar", 11, "قبل 11 دقيقة"),
    ],
)
def test_a_number_has_the_forms_of_its_language(html: Environment, tag: str, n: int, shown: str) -> None:
    template = "{% trans n=n %}a minute ago{% pluralize %}{{ n }} minutes ago{% endtrans %}"

    assert rendered(html, template, tag, n=n) == shown


@pytest.mark.parametrize(
    ("tag", "shown"),
    [
        ("en", "Mar 4, 2026, 5:06\u202fPM UTC"),
        ("de", "04.03.2026, 17:06 UTC"),
        ("ja", "2026/03/04 17:06 UTC"),
    ],
)
def test_a_moment_is_written_as_one_writes_it_there(html: Environment, tag: str, shown: str) -> None:
    at = datetime(2026, 3, 4, 17, 6, 7, tzinfo=UTC)

    assert rendered(html, "{{ at | moment }}", tag, at=at) == shown


def test_languages_are_called_as_their_speakers_call_them() -> None:
    named = {tag: (languages.load(tag).name, languages.load(tag).direction) for tag in languages.tags()}

    assert named == {
        "en": ("English", "ltr"),
        "ar": ("العربية", "rtl"),
        "de": ("Deutsch", "ltr"),
        "es": ("Español", "ltr"),
        "fr": ("Français", "ltr"),
        "ja": ("日本語", "ltr"),
    }
