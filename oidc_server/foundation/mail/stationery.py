"""Stationery: letters written from templates. The HTML of a letter is its text, set in paragraphs, with a button for links."""

import re
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from oidc_server.foundation import languages
from oidc_server.foundation.mail.letter import Letter
from oidc_server.foundation.web.shipped import folder

_LAYOUT = "mail/layout.html"
_BLANK_LINES = re.compile(r"\n{2,}")


class Stationery:
    """Writes every letter, in the language that is spoken; its first line is the subject."""

    def __init__(self, issuer: str) -> None:
        self._templates = Environment(
            loader=FileSystemLoader(folder("templates")),
            autoescape=select_autoescape(["html"], default=False),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
        )
        languages.install(self._templates)
        self._templates.globals.update(issuer=issuer, place=issuer.partition("://")[2])

    def write(self, kind: str, to: str, **values: Any) -> Letter:
        """A letter of this kind."""
        written = self._templates.get_template(f"mail/{kind}.txt").render(values).strip()
        subject, _, text = written.partition("\n")
        paragraphs = _BLANK_LINES.split(text.strip())
        html = self._templates.get_template(_LAYOUT).render(
            subject=subject, paragraphs=paragraphs, link=values.get("link", ""), language=languages.spoken()
        )
        return Letter(to, subject.strip(), "\n\n".join(paragraphs) + "\n", html)
