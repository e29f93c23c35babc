"""Where the files that ship with the code are: beside the package in a checkout, inside it in a wheel."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[2]


def folder(name: str) -> Path:
    """The folder `templates`, `translations` or `alembic`."""
    inside = _PACKAGE / "_shipped" / name
    return inside if inside.is_dir() else _PACKAGE.parent / name
