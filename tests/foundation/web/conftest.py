"""What the tests of the web's foundation ask for."""

from collections.abc import Callable

import pytest

from tests.actors.browser import Browser
from tests.actors.person import Person


@pytest.fixture
def browser(people: Callable[..., Person]) -> Browser:
    """Somebody's browser."""
    return people().browser
