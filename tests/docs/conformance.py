"""Writes docs/conformance.md: what specifications ask for, and the tests that hold us to it.

A test says which section it holds us to in a comment, `# RFC 6749 §4.1.2`, inside it or beside one of its cases. A test's
name is the rule. So the page cannot say anything that no test does.
"""

import ast
import io
import re
import tokenize
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).parents[1]

#: Each specification by the names that comments give it.
SPECIFICATIONS = {
    "OpenID Connect Core 1.0": ("OpenID Connect Core", "Core"),
    "OpenID Connect Discovery 1.0": ("OpenID Connect Discovery", "Discovery"),
    "OpenID Connect Dynamic Client Registration 1.0": (
        "OpenID Connect Dynamic Client Registration",
        "OpenID Connect Registration",
    ),
    "OpenID Connect RP-Initiated Logout 1.0": ("OpenID Connect RP-Initiated Logout", "RP-Initiated Logout"),
    "OpenID Connect Front-Channel Logout 1.0": ("OpenID Connect Front-Channel Logout", "Front-Channel Logout"),
    "OpenID Connect Back-Channel Logout 1.0": ("OpenID Connect Back-Channel Logout", "Back-Channel Logout"),
    "OpenID Connect Session Management 1.0": ("OpenID Connect Session Management", "Session Management"),
    "Initiating User Registration via OpenID Connect 1.0": ("Initiating User Registration",),
    "OAuth 2.0 Multiple Response Types": ("OAuth 2.0 Multiple Response Types", "Multiple Response Types"),
    "OAuth 2.0 Form Post Response Mode": ("OAuth 2.0 Form Post Response Mode", "Form Post Response Mode"),
}  # fmt: skip
_BY_NAME = {name: title for title, names in SPECIFICATIONS.items() for name in names}
_REFERENCE = re.compile(
    r"(RFC \d{4}|" + "|".join(sorted(_BY_NAME, key=len, reverse=True)) + r")((?:,? §[0-9A-Z][0-9.A-Z]*)+)"
)
_SECTION = re.compile(r"§([0-9A-Z][0-9.A-Z]*)")

HEAD = """# Conformance

<!-- Written by `make docs` from the comments of the tests: change them there. -->

What specifications ask of an OpenID provider and authorization server, and the test that holds us to it, by section. A test
runs on SQLite and on PostgreSQL where it touches a database. What is not listed here nobody has proved; what we leave out on
purpose stands in the [decision records](decisions/README.md).
"""


@dataclass(frozen=True, order=True)
class Proof:
    """One test of one section."""

    section: tuple[tuple[int, str], ...]
    rule: str
    place: str


def page() -> str:
    """The page."""
    found: dict[str, set[Proof]] = defaultdict(set)
    for path in sorted(TESTS.rglob("test_*.py")):
        for specification, proof in _proofs(path):
            found[specification].add(proof)
    lines = [HEAD]
    for specification in sorted(found):
        lines += [f"## {specification}", "", "| section | rule | test |", "| --- | --- | --- |"]
        lines += [f"| {_shown(one.section)} | {one.rule} | `{one.place}` |" for one in sorted(found[specification])]
        lines.append("")
    return "\n".join(lines)


def _proofs(path: Path) -> Iterator[tuple[str, Proof]]:
    text = path.read_text(encoding="utf-8")
    tests = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    tests = sorted((one for one in tests if one.name.startswith("test_")), key=lambda one: one.lineno)
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type != tokenize.COMMENT:
            continue
        # A comment above a test, in the list of its cases, belongs to the next one.
        owner = next((one for one in tests if token.start[0] <= (one.end_lineno or 0)), None)
        for name, sections in _REFERENCE.findall(token.string):
            for section in _SECTION.findall(sections):
                if owner is not None:
                    yield _BY_NAME.get(name, name), _proof(section, owner.name, path)


def _proof(section: str, test: str, path: Path) -> Proof:
    key = tuple((int(part), "") if part.isdigit() else (0, part) for part in section.rstrip(".").split("."))
    rule = test.removeprefix("test_").replace("_", " ")
    return Proof(key, rule, str(path.relative_to(TESTS.parent)))


def _shown(section: tuple[tuple[int, str], ...]) -> str:
    return "§" + ".".join(text or str(number) for number, text in section)
