"""Received text, made fit for messages: errors and log lines never repeat what somebody sent as it is."""


def printable(text: str, limit: int = 60) -> str:
    """Printable ASCII without quotes or backslashes, cut to `limit` characters."""
    shown = "".join(
        character if " " <= character <= "~" and character not in '"\\' else "?" for character in text[: limit + 1]
    )
    return shown if len(text) <= limit else shown[:limit] + "..."
