"""A person's profile: /account/profile."""

from typing import Any

from fastapi import Request
from pydantic import ValidationError
from starlette.responses import Response

from oidc_server.accounts import profile
from oidc_server.accounts.pages.account.frame import Frame, Visit
from oidc_server.accounts.profile import Profile
from oidc_server.foundation.languages import N_

PATH = "account/profile"
#: The fields of the form: a claim, what it is called, and what browsers fill in (HTML, autofill detail tokens).
_FIELDS = (
    ("name", N_("Full name"), "name"),
    ("given_name", N_("Given name"), "given-name"),
    ("middle_name", N_("Middle name"), "additional-name"),
    ("family_name", N_("Family name"), "family-name"),
    ("nickname", N_("Nickname"), "nickname"),
    ("gender", N_("Gender"), "sex"),
    ("birthdate", N_("Date of birth"), "bday"),
    ("phone_number", N_("Phone number"), "tel"),
    ("website", N_("Website"), "url"),
    ("profile", N_("Page about you"), "off"),
    ("zoneinfo", N_("Time zone"), "off"),
    ("locale", N_("Language"), "language"),
)
_ADDRESS = (
    ("street_address", N_("Street"), "street-address"),
    ("postal_code", N_("Postal code"), "postal-code"),
    ("locality", N_("City"), "address-level2"),
    ("region", N_("State or region"), "address-level1"),
    ("country", N_("Country"), "country-name"),
)
#: The whole address in lines; what it holds is not pulled apart, nor put together from the parts.
_LINES = "address.formatted"
_HINTS = {
    "birthdate": N_("YYYY-MM-DD, or 0000-MM-DD to keep the year to yourself."),
    "zoneinfo": N_("Such as Europe/Paris."),
    "locale": N_("Such as en-GB. Mails to you are in this language if we speak it."),
    _LINES: N_("As it stands on a letter, if the fields above don't say it all."),
    "website": N_("A full address that starts with https://."),
    "profile": N_("A full address that starts with https://."),
}
_WRONG = N_("Please look at this again: a value is too long or not written as it should be.")


class ProfilePage:
    """Shows and takes what a person says of themselves."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    async def show_profile(self, request: Request) -> Response:
        """Show it."""
        return await self._frame.show(request, PATH, self._show)

    async def submit_profile(self, request: Request) -> Response:
        """Take it."""
        return await self._frame.submit(request, PATH, self._save, self._show)

    def _show(self, visit: Visit) -> Response:
        known = visit.person.user.claims
        values = {name: known.get(name, "") for name, _, _ in _FIELDS}
        address = known.get("address", {})
        values |= {
            f"address.{name}": address.get(name, "") for name in ("formatted", *(name for name, _, _ in _ADDRESS))
        }
        return self._form(visit, values)

    def _save(self, visit: Visit) -> Response:
        try:
            said = Profile.model_validate(_document(visit.form))
        except ValidationError as error:
            wrong = ".".join(str(part) for part in error.errors()[0]["loc"])
            return self._form(visit, visit.form, wrong)
        with self._frame.writing(visit) as session:
            profile.save(session, visit.person.user.id, said)
        return self._frame.done(PATH)

    def _form(self, visit: Visit, values: dict[str, Any], wrong: str = "") -> Response:
        return self._frame.ask(
            visit,
            "accounts/account/profile.html",
            problem=_WRONG if wrong else "",
            wrong=wrong,
            fields=_FIELDS,
            address=_ADDRESS,
            lines=_LINES,
            hints=_HINTS,
            number_is_confirmed=visit.person.user.claims.get("phone_number_verified") is True,
            values=values,
        )


def _document(form: dict[str, str]) -> dict[str, Any]:
    """The claims that a form says; an empty field says nothing."""
    said = {name: form.get(name, "").strip() or None for name, _, _ in _FIELDS}
    address = {name: form.get(f"address.{name}", "").strip() or None for name, _, _ in _ADDRESS}
    # Browsers send the lines of a text with CRLF (HTML, form submission).
    address["formatted"] = form.get(_LINES, "").replace("\r\n", "\n").strip() or None
    return {**said, "address": address if any(address.values()) else None}
