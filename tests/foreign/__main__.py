"""Makes the relying parties in other languages ready for their tests (`python -m tests.foreign`)."""

import sys

from tests.foreign import toolchains
from tests.foreign.programs import PROGRAMS

toolchains.install()
for program in PROGRAMS:
    if not (missing := toolchains.lacking(*program.needs)):
        program.make()
    elif toolchains.may_be_lacking():
        sys.stdout.write(f"No tests with {program.language}, which lacks: {', '.join(missing)}\n")
    else:
        sys.exit(f"The tests with {program.language} need: {', '.join(missing)}")
