"""Parameters: what a request sent, each name at most once (RFC 6749 §3.1, §3.2)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from authlib.oauth2.rfc6749 import OAuth2Payload, OAuth2Request
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import Scope

from oidc_server.accounts.known_browsers import KnownBrowser
from oidc_server.clients.metadata import response_type
from oidc_server.foundation.errors import BadRequest
from oidc_server.foundation.printable import printable
from oidc_server.foundation.web import caller, forms
from oidc_server.oauth.errors import InvalidRequest, OAuthRefused
from oidc_server.tokens.grants import Granted

Pairs = Sequence[tuple[str, str]]

#: What RFC 6749 §3.1 says of a parameter sent without a value: as if it had not been sent.
_EMPTY = ""
#: The one parameter that may be repeated (RFC 8707 §2); its values are URIs, so that spaces can part them.
_RESOURCE = "resource"


class Payload(OAuth2Payload):
    """Parameters as Authlib wants them."""

    def __init__(self, values: dict[str, str]) -> None:
        self._values = values

    @property
    def data(self) -> dict[str, str]:
        """Each parameter's value."""
        return self._values

    @property
    def response_type(self) -> str | None:
        """What an authorization request wants, its words in order: they are a set."""
        wanted = self._values.get("response_type")
        return None if wanted is None else response_type(wanted)

    @property
    def datalist(self) -> dict[str, list[str]]:
        """Each parameter's only value."""
        return {name: [value] for name, value in self._values.items()}


class OAuthRequest(OAuth2Request):
    """A request to one of OAuth's endpoints, as Authlib wants it; its URI is configured, not received."""

    def __init__(self, method: str, uri: str, values: dict[str, str], headers: Any = None) -> None:
        super().__init__(method, uri)
        self.headers = Headers() if headers is None else headers
        self.payload = Payload(values)
        self.neighbourhood = ""
        """Where it comes from, for those who count failures."""
        self.scope: Scope = {}
        """The connection that it came by."""
        self.known_as: Mapping[UUID, KnownBrowser] = {}
        """What the device that asks is called for the people who have signed in there before."""
        self.can_prove_more = False
        """Whether whoever asks can go on with a second factor."""
        self.grant: Granted | None = None
        """What it redeems or leads to; None where a client acts for itself."""

    @property
    def args(self) -> dict[str, str]:
        """The parameters."""
        return self.payload.data

    @property
    def form(self) -> dict[str, str]:
        """The parameters."""
        return self.payload.data

    def get(self, name: str) -> str | None:
        """A parameter's value, or None if it was not sent."""
        return self.payload.data.get(name)


class TooMany(InvalidRequest):
    """A parameter was sent more than once; `values` holds those that were not."""

    def __init__(self, names: list[str], values: dict[str, str]) -> None:
        super().__init__(f"The parameter {printable(names[0])} was sent more than once (RFC 6749 3.1).")
        self.names = names
        self.values = values


def once(pairs: Pairs) -> dict[str, str]:
    """The values by name, without empty ones, resources parted by spaces; TooMany if another name was sent twice."""
    values = {name: value for name, value in pairs if value != _EMPTY}
    if named := [value for name, value in pairs if name == _RESOURCE and value != _EMPTY]:
        values[_RESOURCE] = " ".join(named)
        pairs = [*((name, value) for name, value in pairs if name != _RESOURCE), (_RESOURCE, values[_RESOURCE])]
    if len(pairs) != len({name for name, _ in pairs}):
        counts = Counter(name for name, _ in pairs)
        repeated = [name for name, count in counts.items() if count > 1]
        raise TooMany(repeated, {name: value for name, value in values.items() if counts[name] == 1})
    return values


async def read(request: Request, uri: str) -> OAuthRequest:
    """A request that a client sends us directly, in a form; `uri` is the endpoint's."""
    asked = OAuthRequest("POST", uri, await read_form(request), request.headers)
    asked.neighbourhood = caller.neighbourhood(request.scope["caller"])
    asked.scope = request.scope
    return asked


async def read_form(request: Request) -> dict[str, str]:
    """The parameters in a request's body; InvalidRequest if it can't be read."""
    try:
        return once(forms.parse(await forms.body(request)))
    except BadRequest as error:
        raise unreadable(error) from error


def unreadable(error: BadRequest) -> OAuthRefused:
    """A request that can't even be read, in OAuth's words but with its own status."""
    refusal = InvalidRequest(error.told)
    refusal.status_code = error.status
    return refusal
