"""Accents: links and buttons in a colour of somebody's own, refused where people could not read it (WCAG 2.2, 1.4.3)."""

from oidc_server.foundation.colours import AA, contrast

#: The grounds on which links stand, as style.css has them; a test holds the two together.
LIGHT = ("#ffffff", "#f5f5f7")
DARK = ("#17181e", "#0e0f13")


def check(light: str | None, dark: str | None, names: tuple[str, str] = ("accent", "accent_dark")) -> None:
    """Raise ValueError unless both can be read; `names` are what they are called where they were set."""
    for_light, for_dark = names
    if light:
        _check(for_light, light, LIGHT, "a light page")
    if dark:
        _check(for_dark, dark, DARK, "a dark page")
    elif light:
        _check(for_light, light, DARK, "a dark page", f" Set {for_dark} to a lighter one.")


def sheet(light: str | None, dark: str | None) -> str:
    """A style sheet for these colours, written `#rrggbb`; the light one serves in the dark too if that is all there is."""
    rules = [_rule(light)] if light else []
    if in_the_dark := dark or light:
        rules.append(f"@media (prefers-color-scheme: dark) {{ {_rule(in_the_dark)} }}")
    return "\n".join(rules)


def _check(name: str, colour: str, grounds: tuple[str, ...], page: str, hint: str = "") -> None:
    found = min(contrast(colour, ground) for ground in grounds)
    if found < AA:
        raise ValueError(
            f"{name} is {colour}: on {page} its contrast is {found:.2f}, expected at least {AA} (WCAG 2.2 AA).{hint}"
        )


def _rule(accent: str) -> str:
    """Links and buttons in this colour, and on the buttons whichever of black and white can be read best."""
    label = max(("#ffffff", "#000000"), key=lambda one: contrast(one, accent))
    return f":root {{ --accent: {accent}; --action: {accent}; --action-hover: {accent}; --on-action: {label}; }}"
