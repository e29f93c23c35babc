"""Languages: texts are English where they are written, marked there, and translated where they are shown.

A catalogue `translations/TAG.po` is a language: whoever adds one adds it everywhere. docs/translating.md tells how.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import cache
from io import BytesIO
from typing import Any, NamedTuple

from babel import Locale, dates
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from jinja2 import Environment, pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup, escape

from oidc_server.foundation.web.shipped import folder

#: The language of the source.
SOURCE = "en"


def N_(text: str) -> str:  # noqa: N802 - the name by which tools find texts to translate
    """Mark a text that a page or a mail will show: it stays as it is, and its place of use translates it."""
    return text


class Text(str):
    """A text that is made of a marked one and values, `Text(N_("At least %(n)s."), n=8)`.

    As a string it is English, for logs and programs; where people read it, it is translated before the values go in.
    """

    template: str
    values: dict[str, object]

    def __new__(cls, template: str, **values: object) -> "Text":
        """Put the values in, in English."""
        made = super().__new__(cls, template % values)
        made.template, made.values = template, values
        return made


class Language(NamedTuple):
    """One language."""

    tag: str
    """Its BCP 47 tag."""
    name: str
    """What those call it who speak it."""
    direction: str
    """`ltr` or `rtl`."""
    locale: Locale
    catalogue: NullTranslations

    def say(self, text: str) -> str:
        """A marked text in this language; what nobody has translated stays as it is."""
        if isinstance(text, Text):
            return self._plain(text.template) % text.values
        return self._plain(text)

    def _plain(self, text: str) -> str:
        # The empty text stands for the catalogue's own head.
        return str(self.catalogue.ugettext(text)) if text else ""


@cache
def tags() -> tuple[str, ...]:
    """The languages that there are, the source's first."""
    return (SOURCE, *sorted(path.stem for path in folder("translations").glob("*.po")))


@cache
def load(tag: str) -> Language:
    """One of these languages; its catalogue is read at its first use."""
    locale = Locale.parse(tag, sep="-")
    name = locale.get_display_name(locale) or tag
    return Language(tag, name[:1].upper() + name[1:], locale.text_direction, locale, _catalogue(tag))


def _catalogue(tag: str) -> NullTranslations:
    if tag == SOURCE:
        return NullTranslations()
    with (folder("translations") / f"{tag}.po").open("rb") as file:
        catalogue = read_po(file, locale=tag.replace("-", "_"))
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled)


_spoken: ContextVar[Language | None] = ContextVar("spoken", default=None)
_chooser: ContextVar[Callable[[], Language] | None] = ContextVar("chooser", default=None)


def spoken(otherwise: str = SOURCE) -> Language:
    """The language in which a page or a mail is written: as said, as the request at hand wants it, or the other one."""
    if (language := _spoken.get()) is not None:
        return language
    choose = _chooser.get()
    return choose() if choose else load(otherwise)


def begin(choose: Callable[[], Language]) -> None:
    """A request begins, of which this knows the language; it is asked only where something is written for people."""
    _chooser.set(choose)


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    """Write in this language for so long."""
    token = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(token)


def moment(at: datetime) -> str:
    """A point in time, as it is written in the language that is spoken."""
    locale = spoken().locale
    day, time = dates.format_date(at, "medium", locale), dates.format_time(at, "short", tzinfo=UTC, locale=locale)
    both = str(dates.get_datetime_format("medium", locale))
    return f"{both.replace('{1}', day).replace('{0}', time)} UTC"


def install(environment: Environment) -> None:
    """Teach templates `_()`, `{% trans %}` and `moment`, in the language that is spoken when they are rendered."""
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_callables(  # type: ignore[attr-defined]  # the extension i18n brings it
        lambda text: spoken().catalogue.ugettext(text),
        lambda one, many, n: spoken().catalogue.ungettext(one, many, n),
        newstyle=True,
    )
    environment.globals["_"] = _shown
    environment.filters["moment"] = moment


@pass_eval_context
def _shown(context: EvalContext, text: str, **values: Any) -> str:
    """`_()` in templates: a text is a text, never HTML, whoever wrote it; values stand in for `%(name)s`.

    What Jinja installs takes it for HTML and always formats it, so that a refusal which quotes its caller would be a hole.
    """
    if not values:
        return spoken().say(text)
    translated = spoken().say(text)
    # What is marked as HTML has just been escaped, and so are the values that go in.
    return Markup(escape(translated)) % values if context.autoescape else translated % values  # noqa: S704 - escaped on this very line
