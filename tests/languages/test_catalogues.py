"""Every text that a page or a mail may show is there in every language."""

import pytest

from oidc_server.foundation import languages
from tests.languages import catalogues


@pytest.mark.parametrize("tag", catalogues.tags())
def test_every_marked_text_is_translated(tag: str) -> None:
    assert catalogues.faults(tag) == [], "run `make translations`, then translate what is empty"


def test_every_catalogue_is_a_language() -> None:
    assert list(languages.tags()) == [languages.SOURCE, *catalogues.tags()]


def test_the_english_text_of_a_placeholder_is_a_name() -> None:
    texts = [catalogues.key(message) for message in catalogues.texts(catalogues.marked())]

    assert [text for text in texts if "%" in catalogues.PLACEHOLDER.sub("", text)] == [], "values go in as %(name)s"
