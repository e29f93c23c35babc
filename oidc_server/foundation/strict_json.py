"""JSON from outside, read strictly: one object, no member twice, nothing that a database or a log could stumble over."""

import json
from collections import Counter
from typing import Any

from oidc_server.foundation.errors import BadRequest
from oidc_server.foundation.printable import printable

MAX_DEPTH = 10
#: What every reader of JSON keeps as it is.
_MAX_NUMBER = 2**63


def parse(raw: bytes) -> dict[str, Any]:
    """The object in a text (RFC 8259); BadRequest for anything else."""
    try:
        found = json.loads(raw.decode(), object_pairs_hook=_once, parse_constant=_no_number)
    except BadRequest:
        raise
    except UnicodeError as error:
        raise BadRequest("The body must be UTF-8.") from error
    except RecursionError as error:
        raise BadRequest(f"The JSON is nested deeper than {MAX_DEPTH} levels.") from error
    except ValueError as error:
        raise BadRequest("The body is not JSON (RFC 8259).", because=str(error)) from error
    if not isinstance(found, dict):
        raise BadRequest("The body must be a JSON object.")
    _check(found, 1)
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise BadRequest(f"The member {printable(twice)} was sent twice, expected once.")
    return found


def _no_number(text: str) -> Any:
    raise BadRequest(f"{text} is no JSON (RFC 8259 6).")


def _check(value: Any, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise BadRequest(f"The JSON is nested deeper than {MAX_DEPTH} levels.")
    if isinstance(value, str) and ("\0" in value or any("\ud800" <= character <= "\udfff" for character in value)):
        raise BadRequest("A text in the JSON holds a NUL character or half a surrogate pair.")
    if isinstance(value, int | float) and not abs(value) < _MAX_NUMBER:
        raise BadRequest("A number in the JSON is too large.")
    if isinstance(value, dict):
        for name, one in value.items():
            _check(name, depth)
            _check(one, depth + 1)
    elif isinstance(value, list):
        for one in value:
            _check(one, depth + 1)
