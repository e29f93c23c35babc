"""Bodies: what the API reads and answers, described once for the code and for OpenAPI."""

from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, SecretStr, ValidationError
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema
from starlette.requests import Request

from oidc_server.accounts import passwords
from oidc_server.accounts.profile import Profile
from oidc_server.api.errors import ApiRefused
from oidc_server.foundation import docstrings
from oidc_server.foundation.errors import BadRequest
from oidc_server.foundation.web import json_body

_EXAMPLE_TOKEN = "eyJhbGciOiJSUzI1NiIsImtpZCI6…"

Name = Annotated[str, Field(min_length=1, max_length=320, examples=["alice"])]
Password = Annotated[
    SecretStr, Field(min_length=1, max_length=passwords.MAX_LENGTH, examples=["correct horse battery staple"])
]


class Described(BaseModel):
    """A body whose members' docstrings describe them to OpenAPI."""

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        schema = handler(core_schema)
        properties = handler.resolve_ref_schema(schema)["properties"]
        for name, text in docstrings.of(cls).items():
            properties[name].setdefault("description", text)
        return schema


class Body(Described):
    """What an app sends; members that we don't know are refused, lest a misspelt one be ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Login(Body):
    """Who somebody says they are."""

    username: Name
    """The user name or e-mail address."""
    password: Password
    client_id: Annotated[str, Field(max_length=255, examples=["my-app"])] | None = None
    """The app's own public client, registered for the grant type `password`; by default the server's own."""
    scope: Annotated[str, Field(max_length=1000, examples=["openid profile email account"])] | None = None
    """What the access token shall allow; by default all that the client may ask for, but `offline_access`."""
    device_token: Annotated[str, Field(max_length=1000, examples=["AVuZ3KkB…"])] | None = None
    """From an earlier login on this device: what strangers try elsewhere doesn't count here. What is no good is ignored."""


class SecondFactor(Body):
    """A code of the second factor, for a login that waits for it."""

    mfa_token: Annotated[str, Field(min_length=1, max_length=6000, examples=["AcZ1p0Vd…"])]
    """From the refusal of the login."""
    code: Annotated[str, Field(min_length=1, max_length=64, examples=["492039"])]
    """Six digits of an authenticator app, or a recovery code."""
    method: Annotated[Literal["totp", "recovery_code"], Field(examples=["totp"])] | None = None
    """Which of both it is meant to be; without it, its form says so."""
    client_id: Annotated[str, Field(max_length=255, examples=["my-app"])] | None = None
    """The client of the login, if it is not the server's own."""


class Refresh(Body):
    """A refresh token."""

    refresh_token: Annotated[str, Field(min_length=1, max_length=1000)]
    client_id: Annotated[str, Field(max_length=255)] | None = None
    """The client that it was issued to, if it is not the server's own."""


class Logout(Body):
    """What to end."""

    refresh_token: Annotated[str, Field(min_length=1, max_length=1000)] | None = None
    """Without it, the access token in the Authorization header says what to end."""


class Registration(Body):
    """Somebody who wants an account."""

    email: Annotated[str, Field(min_length=3, max_length=320, examples=["alice@example.com"])]
    """Their address; it is also the name to sign in with."""
    password: Password
    accepts_terms: bool = False
    """Whether they agree to the terms, where there are any."""


class Token(Body):
    """The token from the link in a mail."""

    token: Annotated[str, Field(min_length=1, max_length=1000)]


class Verification(Token):
    """The token from the link in the mail, and the password that was chosen at the registration."""

    password: Password


class Forgotten(Body):
    """Whose password is forgotten."""

    username: Name
    """The user name or e-mail address."""


class Reset(Token):
    """A new password, and the token that allows it."""

    password: Password


class PasswordChange(Body):
    """A new password, and the one that it replaces."""

    current_password: Password
    new_password: Password


class EmailChange(Body):
    """Another address, and the password."""

    email: Annotated[str, Field(min_length=3, max_length=320, examples=["alice@new.example.com"])]
    password: Password


class Told(BaseModel):
    """What becomes of it."""

    detail: str


class Registered(Told):
    """An account is made, or its owner is told that there is one."""

    email: str


class Deletion(Body):
    """A person's word that they want to leave."""

    password: Password


class Tokens(Described):
    """What a login or a refresh brings (RFC 6749 §5.1)."""

    access_token: Annotated[str, Field(examples=[_EXAMPLE_TOKEN])]
    token_type: Annotated[str, Field(examples=["Bearer"])]
    expires_in: Annotated[int, Field(description="Seconds until the access token expires.", examples=[600])]
    refresh_token: str | None = None
    id_token: str | None = None
    scope: Annotated[str, Field(examples=["account email openid profile"])] | None = None


class LoggedIn(Tokens):
    """What a login brings besides."""

    device_token: Annotated[str, Field(examples=["AVuZ3KkB…"])]
    """By which this device is known; keep it for the next login, also after logging out."""


class User(Profile):
    """A person as they see themselves: their account, and the standard claims (OpenID Connect Core §5.1)."""

    model_config = ConfigDict(extra="ignore")

    id: Annotated[str, Field(examples=["51408121-21fb-43d3-83ef-9f99924d0e33"])]
    username: str
    email: str | None
    email_verified: bool
    roles: list[str]
    groups: list[str]
    created_at: datetime
    updated_at: datetime


class Health(BaseModel):
    """Whether requests should be sent here."""

    status: Annotated[str, Field(examples=["ok"])]


class Error(Described):
    """Why a request was refused."""

    detail: Annotated[str, Field(examples=["The user name or password is wrong."])]
    error_code: Annotated[str, Field(examples=["invalid_credentials"])]
    field: Annotated[str | None, Field(description="The member of the body that is at fault.")] = None


class MoreIsDue(Error):
    """Why a password alone was refused, and how to go on."""

    error_code: Annotated[str, Field(examples=["second_factor_required"])]
    mfa_token: Annotated[str, Field(examples=["AcZ1p0Vd…"])] | None = None
    """For `/auth/second-factor`; good for one login with this client."""
    methods: Annotated[list[str], Field(examples=[["totp", "recovery_code"]])] | None = None
    """The kinds of codes that the person has. Passkeys work in a browser only."""
    expires_in: (
        Annotated[int, Field(description="Seconds until the token is worth nothing.", examples=[600])] | None
    ) = None
    url: Annotated[str, Field(examples=["https://id.example.com/account/security"])] | None = None
    """The page on which the person can get a factor that works here, where they have none."""


T = TypeVar("T", bound=BaseModel)


async def read(request: Request, model: type[T], *, may_be_missing: bool = False) -> T:
    """The body of a request; ApiRefused if it can't be read, is no JSON object or doesn't fit."""
    try:
        found = await json_object(request, may_be_missing=may_be_missing)
        return model.model_validate(found)
    except ValidationError as error:
        raise invalid(error) from error


async def json_object(request: Request, *, may_be_missing: bool = False) -> dict[str, Any]:
    """The JSON object in a body; ApiRefused if there is none."""
    try:
        if may_be_missing and not await request.body():
            return {}
        return await json_body.read(request)
    except BadRequest as error:
        raise ApiRefused(error.status, "invalid_request", error.told, because=error.because) from error


def invalid(error: ValidationError) -> ApiRefused:
    """The first thing that is wrong with a body; what was received is not repeated: it may be a password."""
    first = error.errors(include_input=False, include_url=False)[0]
    field = ".".join(str(part) for part in first["loc"])
    told = str(first["msg"]).removeprefix("Value error, ")
    detail = f"{field}: {told[:1].lower()}{told[1:]}" if field else told
    return ApiRefused(422, "validation_error", detail, field=field or None)
