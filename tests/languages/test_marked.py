"""No template shows a text that nobody can translate."""

from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

from oidc_server.foundation import languages

TEMPLATES = Path(__file__).parents[2] / "templates"
#: For developers, in English only; and the name of a style.
ENGLISH = {"For developers", "Is the session the same?", "card wide"}
SPOKEN = {"alt", "title", "aria-label", "placeholder", "content"}


class Reader(HTMLParser):
    """Collects what a person would read or hear."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._is_script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._is_script = tag == "script"
        if tag != "meta":
            self.texts += [value for name, value in attrs if name in SPOKEN and value]

    def handle_endtag(self, tag: str) -> None:
        self._is_script = False

    def handle_data(self, data: str) -> None:
        if not self._is_script:
            self.texts.append(data.strip())


def pages() -> list[Path]:
    return [path for path in sorted(TEMPLATES.rglob("*.html")) if "playground" not in path.parts]


@pytest.mark.parametrize("path", pages(), ids=lambda path: str(path.relative_to(TEMPLATES)))
def test_every_text_of_a_template_is_marked(path: Path) -> None:
    environment = Environment(extensions=["jinja2.ext.i18n"], autoescape=True)
    languages.install(environment)
    tree = environment.parse(path.read_text())
    reader = Reader()
    # What is marked is no data any more, but a call.
    reader.feed("".join(data.data for data in tree.find_all(nodes.TemplateData)))
    reader.close()

    assert [text for text in reader.texts if any(map(str.isalpha, text)) and text not in ENGLISH] == []
