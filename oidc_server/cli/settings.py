"""`oidc-server settings`: every setting, its value here and what it is for."""

from typing import Any

from oidc_server.cli import reach
from oidc_server.foundation import docstrings
from oidc_server.settings import model as settings_module


def list_settings(as_json: bool = reach.JSON_OPTION) -> None:
    """List every setting with its value here; secrets are not shown."""
    values = _flat(reach.settings().model_dump(mode="json", by_alias=True))
    rows = [{"variable": name, "value": values[name], "meaning": meaning} for name, meaning in meanings().items()]
    reach.show(rows, as_json=as_json)


def meanings() -> dict[str, str]:
    """What each variable is for, as the docstring of its setting says."""
    models: dict[str, type] = {"": settings_module.Settings, **settings_module.groups()}
    texts = {group: docstrings.of(model) for group, model in models.items()}
    return {name: texts[group][setting] for name, (group, setting) in settings_module.variables().items()}


def _flat(values: dict[str, Any], prefix: str = settings_module.PREFIX) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name.upper()}_")
        else:
            flat[prefix + name.upper()] = value
    return flat
