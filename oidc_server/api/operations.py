"""Operations of the API: one endpoint each, with what it reads, answers and refuses, as OpenAPI tells it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from oidc_server.api import bodies
from oidc_server.foundation.web.routing import Endpoint, mount_each

_NAMES = re.compile(r"{([a-z_]+)}")
#: Each status that refuses, and when.
_WHEN = {
    400: "The body is no JSON object.",
    401: "Nobody has proven who they are: wrong credentials, or a token that is no longer good.",
    403: "The token or what was proven does not allow this, or the password is wrong, or the caller's role is not enough.",
    404: "There is no such thing, as far as the caller may know.",
    409: "A limit is reached, or what there is already forbids it.",
    410: "The link works no more.",
    413: "The body is too large.",
    422: "A member of the body is missing or not as it should be; `field` names it.",
    429: "Too many attempts; `Retry-After` says when to come back.",
    503: "Something that we need is down or full; `Retry-After` says when to come back.",
}


@dataclass(frozen=True)
class Operation:
    """One endpoint: it reads the request and makes the answer itself."""

    method: str
    path: str
    endpoint: Endpoint
    summary: str
    tag: str
    refused: tuple[int, ...]
    asks: type[BaseModel] | None = None
    answers: type[BaseModel] | None = None
    status: int = 200
    tells: Mapping[int, type[bodies.Error]] = field(default_factory=dict)
    """What a refusal says besides."""

    @property
    def methods(self) -> list[str]:
        """The methods that reach it."""
        return ["GET", "HEAD"] if self.method == "GET" else [self.method]


def serving(prefix: str, operations: Iterable[Operation]) -> APIRouter:
    """The router that answers; what it serves is described apart, as that takes longer than all the rest of a start."""
    router = APIRouter(prefix=prefix)
    paths: dict[str, dict[str, Endpoint]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {}).update(dict.fromkeys(operation.methods, operation.endpoint))
    for path, endpoints in paths.items():
        mount_each(router, path, endpoints)
    return router


def describing(prefix: str, operations: Iterable[Operation]) -> APIRouter:
    """The same paths, for OpenAPI to read."""
    router = APIRouter(prefix=prefix)
    for operation in operations:
        _describe(router, operation)
    return router


def _describe(router: APIRouter, operation: Operation) -> None:
    done: dict[int | str, dict[str, Any]] = {
        operation.status: {"description": "Done.", **({"model": operation.answers} if operation.answers else {})}
    }
    refused: dict[int | str, dict[str, Any]] = {
        status: {"model": operation.tells.get(status, bodies.Error), "description": _WHEN[status]}
        for status in operation.refused
    }
    router.add_api_route(
        operation.path,
        operation.endpoint,
        methods=operation.methods,
        status_code=operation.status,
        summary=operation.summary,
        description=operation.endpoint.__doc__,
        tags=[operation.tag],
        responses={**done, **refused},
        openapi_extra={
            **({"requestBody": _body(operation.asks)} if operation.asks else {}),
            **(
                {"parameters": [_parameter(name) for name in names]}
                if (names := _NAMES.findall(operation.path))
                else {}
            ),
        },
    )


def _parameter(name: str) -> dict[str, Any]:
    """A part of the path."""
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _body(model: type[BaseModel]) -> dict[str, Any]:
    """A request body, its schema in place: nobody else refers to it."""
    return {"required": True, "content": {"application/json": {"schema": model.model_json_schema()}}}
