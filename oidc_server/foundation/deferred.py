"""Libraries that are loaded at their first use: only some installations need them, and every start would pay.

For a type checker they are imported as ever; see what stands in `oidc_server/accounts/passkeys.py`, for one.
"""

from importlib import import_module
from typing import Any


class Deferred:
    """Stands for a module until somebody asks something of it."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        """What the module has of that name; loading it is safe in several threads at once."""
        found = getattr(import_module(self._name), attribute)
        setattr(self, attribute, found)
        return found
