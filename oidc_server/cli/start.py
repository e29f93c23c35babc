"""Where the command `oidc-server` begins."""

import gc
from importlib import import_module


def start() -> None:
    """Load every command and run the one that is asked for; the garbage collector rests meanwhile, for all of it stays."""
    gc.disable()
    main = import_module("oidc_server.cli.main")
    gc.freeze()
    gc.enable()
    main.app()
