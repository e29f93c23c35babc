"""What the tests of accounts' pages ask for."""

from tests.oauth.authorize.conftest import logbook

__all__ = ["logbook"]
