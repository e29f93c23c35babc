"""What the tests of logout ask for."""

from tests.oauth.authorize.conftest import foreign_id_token, logbook

__all__ = ["foreign_id_token", "logbook"]
