"""The kinds of values that a client's metadata have, and how each is written."""

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, ValidationInfo

from oidc_server.clients import web_addresses
from oidc_server.foundation.printable import displayable
from oidc_server.settings.kinds import SCOPE_NAME


def _scope(value: str) -> str:
    """A scope as RFC 6749 §3.3 writes it, each name once."""
    names = value.split(" ")
    if not all(re.fullmatch(SCOPE_NAME, name) for name in names):
        raise ValueError("scope must be names parted by single spaces (RFC 6749 §3.3)")
    return " ".join(dict.fromkeys(names))


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be an http or https URL")
    return value


def _public_address(value: str, info: ValidationInfo) -> str:
    web_addresses.check(value, development=is_development(info))
    return value


def _any_address(value: str, info: ValidationInfo) -> str:
    web_addresses.check(value, development=is_development(info), may_be_internal=True)
    return value


def is_development(info: ValidationInfo) -> bool:
    """Whether the context of the validation says so."""
    return bool((info.context or {}).get("development"))


Name = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(displayable)]
Line = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(displayable)]
Scope = Annotated[str, Field(min_length=1, max_length=4096), AfterValidator(_scope)]
Uri = Annotated[str, Field(min_length=1, max_length=2048)]
WebAddress = Annotated[Uri, AfterValidator(_web_address)]
PublicAddress = Annotated[Uri, AfterValidator(_public_address)]
#: What we fetch: the guard of outbound calls decides whether we may.
AnyAddress = Annotated[Uri, AfterValidator(_any_address)]
