"""Libraries that only some requests need are loaded at their first use, and not at every start."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from oidc_server.foundation.deferred import Deferred

_LATER = {"ldap3", "webauthn", "PIL", "zxcvbn", "segno", "redis", "alembic"}


def test_the_command_loads_none_of_them() -> None:
    said = "import json, sys, oidc_server.cli.main; print(json.dumps(list(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True)

    assert not _LATER & set(json.loads(done.stdout))


def test_what_is_asked_of_a_module_comes_from_it_however_many_ask_at_once() -> None:
    colours = Deferred("colorsys")

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: colours.rgb_to_hls, range(50)))

    assert set(found) == {sys.modules["colorsys"].rgb_to_hls}
    with pytest.raises(AttributeError):
        _ = colours.unheard_of
