"""A person's picture: they upload it, applications are told where it is, and nobody is harmed by the file."""

import asyncio
import json
from base64 import b64decode
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from oidc_server.accounts import deletion, directory, pictures
from oidc_server.accounts.models import Picture
from oidc_server.foundation.images import SIZE
from oidc_server.house import House
from tests.accounts import deeds
from tests.accounts.deeds import in_transaction
from tests.actors.browser import Page
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty
from tests.pictures import written

PAGE = "/account/picture"


async def upload(person: Person, content: bytes, *, name: str = "me.png", **changes: Any) -> Page:
    page = await person.browser.open(PAGE)
    fields = {**page.form_to(PAGE).fields, **changes}
    fields.pop("picture", None)
    files = {"picture": (name, content, "image/png")}
    answer = await person.browser.http.post(PAGE, data=fields, files=files)
    location = answer.headers.get("location")
    return await person.browser.open(location) if location else Page(answer)


async def claim(house: House) -> str | None:
    return (await deeds.user(house, "alice")).claims.get("picture")


async def test_a_picture_is_uploaded_and_applications_are_told_where_it_is(
    person: Person, relying_party: RelyingParty, house: House
) -> None:
    await person.sign_in()

    saved = await upload(person, written("JPEG", size=(900, 600)))

    assert "Saved." in saved.text
    tokens = await relying_party.redeem((await person.approve(relying_party, scope="openid profile")).code)
    told = (await relying_party.userinfo(tokens.access_token)).json()["picture"]
    assert told.startswith(f"{house.settings.issuer}/pictures/")
    shown = await relying_party.http.get(told)
    assert Image.open(BytesIO(shown.content)).size == (SIZE, SIZE)
    assert shown.headers["content-type"] == "image/webp"
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert shown.headers["content-security-policy"].startswith("default-src 'none'")
    assert "immutable" in shown.headers["cache-control"]
    assert "set-cookie" not in shown.headers


async def test_each_upload_has_an_address_of_its_own_and_the_old_one_is_gone(person: Person, house: House) -> None:
    await person.sign_in()
    await upload(person, written())
    first = await claim(house)
    await upload(person, written("GIF"))
    second = await claim(house)

    assert first is not None
    assert second is not None
    assert first != second
    assert (await person.browser.open(first)).status == 404
    assert (await person.browser.open(second)).status == 200


async def test_a_picture_is_removed(person: Person, house: House) -> None:
    await person.sign_in()
    page = await upload(person, written())
    address = await claim(house)
    assert address is not None

    removed = await person.browser.submit(page, to="/picture/remove")

    assert "Saved." in removed.text
    assert await claim(house) is None
    assert (await person.browser.open(address)).status == 404
    assert [form.action.endswith("/remove") for form in removed.forms] == [False]


async def test_the_address_that_an_operator_gave_is_a_claim_until_its_owner_chooses(
    person: Person, house: House
) -> None:
    alice = await deeds.user(house, "alice")
    elsewhere = {**alice.claims, "picture": "https://pictures.example.com/alice.png"}
    await in_transaction(house, directory.update_user, alice.id, claims=elsewhere)
    await person.sign_in()
    page = await person.browser.open(PAGE)
    assert "pictures.example.com" not in page.response.text

    await person.browser.submit(page, to="/picture/remove")

    assert await claim(house) is None


async def test_an_upstream_does_not_replace_what_a_person_has_uploaded(person: Person, house: House) -> None:
    await person.sign_in()
    await upload(person, written())
    own = await claim(house)
    alice = await deeds.user(house, "alice")

    told = {"picture": "https://elsewhere.example.com/a.png", "name": "Alice There"}
    await in_transaction(house, directory.refresh_claims, alice, told)

    assert await claim(house) == own
    assert (await deeds.user(house, "alice")).claims["name"] == "Alice There"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "Choose a file first."),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "no picture that can be read"),
        (b"\x00\x01\x02" * 100, "no picture that can be read"),
        (written("TIFF"), "no picture that can be read"),
        (written("PNG", size=(5200, 5200)), "too large"),
    ],
)
async def test_what_is_no_picture_is_refused_with_words(
    person: Person, house: House, content: bytes, told: str
) -> None:
    await person.sign_in()

    again = await upload(person, content)

    assert again.status == 422
    assert told in again.ids["problem"]
    assert await claim(house) is None


@pytest.mark.parametrize("more", [1, 8_000, 50_000, 400_000])
async def test_a_file_that_is_too_large_is_refused_with_words(person: Person, house: House, more: int) -> None:
    await person.sign_in()

    again = await upload(person, b"\x89PNG\r\n\x1a\n" + b"x" * (2 * 1024 * 1024 - 8 + more))

    assert again.status == 413
    assert "at most 2 MB" in again.ids["problem"]
    assert await claim(house) is None


async def test_other_pages_take_no_larger_bodies_than_before(person: Person) -> None:
    await person.sign_in()
    for path in ("/account/profile", "/account/picture/remove", "/login"):
        assert (await person.browser.post(path, {"name": "x" * 100_000})).status == 413


async def test_a_picture_comes_only_from_the_form_that_this_browser_was_shown(
    person: Person, people: Callable[..., Person], house: House
) -> None:
    mallory = people("bob")
    await mallory.sign_in()
    await person.sign_in()
    theirs = (await mallory.browser.open(PAGE)).form.fields["csrf_token"]

    for token in (theirs, "", "x"):
        assert (await upload(person, written(), csrf_token=token)).status == 403
    foreign = await person.browser.http.post(
        PAGE, files={"picture": ("a.png", written())}, headers={"Origin": "https://evil.example"}
    )

    assert foreign.status_code == 403
    assert await claim(house) is None


async def test_a_stranger_signs_in_first(person: Person) -> None:
    answer = await person.browser.http.post(PAGE, files={"picture": ("a.png", written())})
    assert answer.status_code == 303
    assert "/login" in answer.headers["location"]


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        ("application/x-www-form-urlencoded", b"picture=x"),
        ("multipart/form-data", b"no boundary"),
        ("multipart/form-data; boundary=", b"--\r\n"),
        ("multipart/form-data; boundary=b", b"\x00\xff" * 50),
        ("multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="picture"\r\n\r\nabc'),
        ("multipart/form-data; boundary=b", b"--b\r\nContent-Disposition: form-data\r\n\r\nabc\r\n--b--\r\n"),
        ("multipart/form-data; boundary=b; charset=nonsense", b"--b--\r\n"),
        ("multipart/form-data; boundary=b", b"--b\r\n" + b"X: y\r\n" * 5000 + b"\r\n\r\n--b--\r\n"),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="picture"; filename="a"\r\n\r\nabc\r\n' * 3 + b"--b--\r\n",
        ),
    ],
)
async def test_a_form_that_cannot_be_read_is_refused_and_nothing_breaks(
    person: Person, house: House, media_type: str, body: bytes
) -> None:
    await person.sign_in()

    answer = await person.browser.http.post(PAGE, content=body, headers={"Content-Type": media_type})

    assert answer.status_code in (400, 403)
    assert await claim(house) is None


@pytest.mark.parametrize("name", ["nobody", "..%2F..%2Fetc", "00000000-0000-0000-0000-000000000000"])
async def test_an_address_that_is_no_pictures_is_not_found(person: Person, name: str) -> None:
    assert (await person.browser.open(f"/pictures/{name}")).status == 404


async def test_a_picture_is_in_its_owners_download_and_goes_with_the_account(person: Person, house: House) -> None:
    await person.sign_in()
    await upload(person, written())
    address = await claim(house)
    assert address is not None
    document = json.loads((await person.browser.submit(await person.browser.open("/account/data"))).response.text)
    assert Image.open(BytesIO(b64decode(document["picture"]["base64"]))).size == (SIZE, SIZE)
    alice = await deeds.user(house, "alice")

    await in_transaction(house, deletion.delete, alice.id)
    assert (await person.browser.open(address)).status == 404

    await house.database.run(deletion.erase_old, house.database, -house.settings.privacy.deleted_kept_for)
    assert await in_transaction(house, lambda session: session.query(Picture).count()) == 0


async def test_two_uploads_at_once_leave_one_picture(house: House) -> None:
    alice = await deeds.user(house, "alice")
    at_once = [
        in_transaction(house, pictures.keep, alice.id, content, house.settings.issuer) for content in (b"one", b"two")
    ]
    await asyncio.gather(*at_once)
    assert await in_transaction(house, lambda session: session.query(Picture).count()) == 1
