"""Letters: addresses as people write them, and nothing in a header that we did not put there."""

from datetime import UTC, datetime

import pytest

from oidc_server.foundation import languages
from oidc_server.foundation.mail.letter import BadAddress, Letter, compose, read_address
from oidc_server.foundation.mail.stationery import Stationery

AT = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "alice",
        "a@b@c",
        "alice@example.com\r\nBcc: eve@example.com",
        "alice@exa mple.com",
        "x" * 300 + "@example.com",
    ],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(BadAddress):
        read_address(address)


@pytest.mark.parametrize(
    ("to", "subject"),
    [("alice@example.com\nBcc: eve@example.com", "Hello"), ("alice@example.com", "Hello\r\nBcc: eve")],
)
def test_no_header_can_be_slipped_in(to: str, subject: str) -> None:
    with pytest.raises(BadAddress):
        Letter(to, subject, "text", "html")


@pytest.mark.parametrize(
    ("to", "on_the_wire"),
    [("alice@example.com", "alice@example.com"), ("zoë@bücher.example", "zoë@bücher.example"),
     ("info@bücher.example", "info@xn--bcher-kva.example")],
)  # fmt: skip
def test_a_message_is_written_as_its_address_needs(to: str, on_the_wire: str) -> None:
    letter = Letter(read_address(to), "Größe", "text", "<p>text</p>")

    message = compose(letter, sender="Example <login@example.com>", message_id="<1@id.example.com>", at=AT)

    assert message["To"].addresses[0].addr_spec == on_the_wire
    assert message["From"] == "Example <login@example.com>"
    assert message["Message-ID"] == "<1@id.example.com>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]


def test_the_link_of_a_letter_stands_alone_in_its_text_and_is_a_button_in_its_html() -> None:
    link = "https://id.example.com/reset-password?token=abc"

    letter = Stationery("https://id.example.com").write("reset_password", "alice@example.com", link=link, hours=1)

    assert letter.subject == "Choose a new password"
    assert link in letter.text.split("\n")
    assert f'href="{link}"' in letter.html


def test_a_letter_is_written_in_the_language_that_is_spoken() -> None:
    with languages.speaking(languages.load("ar")):
        letter = Stationery("https://id.example.com").write("verify_email", "a@example.com", link="https://x", hours=2)

    assert letter.subject == "أكّد عنوان بريدك الإلكتروني"
    assert "خلال ساعتين" in letter.text
    assert '<html lang="ar" dir="rtl">' in letter.html
