"""Every line that a tool is told to overlook says why."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
_OPT_OUT = re.compile(r"# (?:noqa|type: ignore)\b(?!.*(?: - |\]  # )\S)")


def test_every_opt_out_in_the_server_carries_its_reason() -> None:
    bare = [
        f"{file.relative_to(ROOT)}:{number}"
        for file in sorted((ROOT / "oidc_server").rglob("*.py"))
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if _OPT_OUT.search(line)
    ]

    assert bare == []
