"""Languages: texts for people are marked here, and translated where they are shown."""

from datetime import datetime


def N_(text: str) -> str:  # noqa: N802 - the name by which tools find texts to translate
    """Mark a text that a page or a mail will show: it stays as it is, and its place of use translates it."""
    return text


def moment(at: datetime) -> str:
    """A point in time as a page says it."""
    return f"{at:%Y-%m-%d %H:%M} UTC"
