"""Settings of the hosted pages: their language."""

from oidc_server.settings.kinds import Group


class PagesSettings(Group):
    """What the pages say."""

    language: str = "en"
    """The language of people of whose own nothing is known, or none that there is: `en`, `de`, `fr`, `es`, `ja`, `ar`."""
