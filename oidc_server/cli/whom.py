"""Whom an operator means."""

from sqlalchemy.orm import Session

from oidc_server.accounts import directory
from oidc_server.accounts.models import User
from oidc_server.cli import reach


def find(session: Session, login: str) -> User:
    """The user who calls themselves that, enabled or not; says that there is none, and leaves."""
    user = directory.find(session, login)
    if user is None:
        reach.fail(f"There is no user {login!r}.")
    return user
