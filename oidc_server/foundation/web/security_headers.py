"""Security headers: what every answer carries, and what pages carry besides."""

from oidc_server.settings.model import Settings

_HSTS = "max-age=31536000"

#: Pages of ours: no script, nothing from elsewhere, never in a frame. There is no `form-action`: browsers apply it to
#: the whole chain of redirects after a form, which leads to the client and wherever the client leads on to. There is no
#: Cross-Origin-Opener-Policy either: it would cut a sign-in in a popup off from the window that opened it.
PAGE_POLICY = "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'"
#: Pages of ours with a script of ours that does without calls of its own.
SCRIPTED_PAGE_POLICY = f"{PAGE_POLICY}; script-src 'self'"
#: Everything that is no page.
DATA_POLICY = "default-src 'none'; frame-ancestors 'none'"


def page(policy: str = PAGE_POLICY) -> dict[str, str]:
    """The headers of an HTML page."""
    return {
        "Content-Security-Policy": policy,
        "X-Frame-Options": "DENY",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        "Cache-Control": "no-store",
    }


def every_answer(settings: Settings) -> list[tuple[bytes, bytes]]:
    """The headers of every answer that doesn't set them itself."""
    headers = [
        (b"x-content-type-options", b"nosniff"),
        # Not "no-referrer": with it, browsers hide a form's origin from ourselves too.
        (b"referrer-policy", b"same-origin"),
        (b"content-security-policy", DATA_POLICY.encode()),
    ]
    if settings.is_https:
        headers.append((b"strict-transport-security", _HSTS.encode()))
    return headers
