"""Docstrings of attributes, as pages and OpenAPI tell them."""

from oidc_server.foundation import docstrings
from oidc_server.settings.kinds import Group


class First(Group):
    """The first."""

    told: int = 1
    """What it is for,
    in two lines."""
    silent: int = 2
    again: int = 3
    """Said by the first."""


class Second(First):
    """The second, which has all that the first has."""

    own: int = 4
    """Its own."""
    again: int = 5
    """Said by the second."""


def test_what_stands_below_an_attribute_is_its_docstring() -> None:
    assert docstrings.of(First) == {"told": "What it is for,\nin two lines.", "again": "Said by the first."}


def test_what_a_class_is_made_of_is_told_too_unless_it_says_otherwise() -> None:
    told = docstrings.of(Second)

    assert told["own"] == "Its own."
    assert told["again"] == "Said by the second."
