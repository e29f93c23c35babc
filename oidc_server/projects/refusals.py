"""What people are refused who work on projects, each with the HTTP status and the code that programs read."""

from oidc_server.foundation.errors import Refused
from oidc_server.foundation.languages import N_


class ProjectRefused(Refused):
    """A deed that is not done; `field` is what was sent that is at fault."""

    status = 422
    code = "validation_error"

    def __init__(self, told: str, *, field: str | None = None, because: str = "") -> None:
        super().__init__(told, because=because)
        self.field = field


class NotThere(ProjectRefused):
    """There is no such thing, as far as this person may know."""

    status = 404
    code = "not_found"


class NotAllowed(ProjectRefused):
    """A member who may see, and not do, this."""

    status = 403
    code = "forbidden"

    def __init__(self, *, because: str = "") -> None:
        super().__init__(N_("Your role in this project does not allow this."), because=because)


class MayMakeNone(ProjectRefused):
    """Somebody who can't make projects here."""

    status = 403
    code = "forbidden"

    def __init__(self) -> None:
        super().__init__(N_("You can't make projects here."))


class Full(ProjectRefused):
    """There are as many as there may be."""

    status = 409
    code = "limit_reached"


class LastOwner(ProjectRefused):
    """A project can't be without an owner."""

    status = 409
    code = "last_owner"

    def __init__(self) -> None:
        super().__init__(N_("A project needs an owner: make somebody else one first, or delete the project."))


class TooManyTries(ProjectRefused):
    """Too many names were tried that nobody has."""

    status = 429
    code = "too_many_attempts"

    def __init__(self, retry_after: int) -> None:
        super().__init__(N_("Too many names that nobody has. Please try again later."))
        self.retry_after = retry_after
