"""Received text, made fit for messages: errors and log lines never repeat what somebody sent as it is."""


def printable(text: str, limit: int = 60) -> str:
    """Printable ASCII without quotes or backslashes, cut to `limit` characters."""
    shown = "".join(
        character if " " <= character <= "~" and character not in '"\\' else "?" for character in text[: limit + 1]
    )
    return shown if len(text) <= limit else shown[:limit] + "..."


def displayable(text: str) -> str:
    """The text itself; ValueError if it would do something to the words around it."""
    if any(
        ord(character) < 32
        or 127 <= ord(character) < 160
        or character in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
        for character in text
    ):
        raise ValueError("must hold no control characters")
    return text
