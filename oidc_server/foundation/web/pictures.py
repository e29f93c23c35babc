"""Pictures from an operator: which kinds are served, and what an SVG may hold.

An SVG is a document that can run scripts and load things. One that does more than draw is refused, not repaired.
"""

import re
from collections.abc import Iterator
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

_MAX_BYTES = 256 * 1024
_SVG = "{http://www.w3.org/2000/svg}"
_DRAWING = {
    f"{_SVG}{name}"
    for names in (
        ("svg", "g", "defs", "symbol", "use", "title", "desc", "metadata", "text", "tspan", "style"),
        ("path", "rect", "circle", "ellipse", "line", "polyline", "polygon"),
        ("clipPath", "mask", "pattern", "marker", "linearGradient", "radialGradient", "stop"),
        ("filter", "feGaussianBlur", "feOffset", "feBlend", "feFlood", "feComposite", "feMerge", "feMergeNode"),
        ("feColorMatrix", "feDropShadow"),
    )
    for name in names
}
#: What leads out of the picture, or could hide (a backslash spells letters in another way).
_ELSEWHERE = re.compile(r"""url\(\s*["']?(?!["'#\s])|@import|javascript:|\\""", re.IGNORECASE)


def media_type(content: bytes) -> str:
    """The media type of a picture by its first bytes; ValueError for what must not be served."""
    if len(content) > _MAX_BYTES:
        raise ValueError(f"it has {len(content)} bytes, expected at most {_MAX_BYTES}")
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    _check_svg(content)
    return "image/svg+xml"


def _check_svg(content: bytes) -> None:
    """Raise ValueError unless this is an SVG that only draws."""
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise ValueError("the SVG has a DOCTYPE or entities: remove them")
    try:
        text = content.decode()
        root = ElementTree.fromstring(text)  # noqa: S314 - without entities, and from the operator
    except (UnicodeDecodeError, ElementTree.ParseError) as error:
        raise ValueError("it is no SVG, PNG, JPEG or WebP") from error
    if root.tag != f"{_SVG}svg":
        raise ValueError("it is no SVG, PNG, JPEG or WebP")
    if "<?xml-stylesheet" in text:
        raise ValueError("the SVG loads a style sheet")
    for fault in _faults(root):
        raise ValueError(f"the SVG holds {fault}, and pictures here only draw")


def _faults(root: Element) -> Iterator[str]:
    for element in root.iter():
        if element.tag not in _DRAWING:
            yield f"<{element.tag.rpartition('}')[2]}>"
        if _ELSEWHERE.search(element.text or ""):
            yield "an address in a style"
        for attribute, value in element.attrib.items():
            plain = attribute.rpartition("}")[2].lower()
            if plain.startswith("on"):
                yield f"a script in {plain}"
            if (plain in {"href", "src"} and not value.startswith("#")) or _ELSEWHERE.search(value):
                yield f"an address in {plain}"
