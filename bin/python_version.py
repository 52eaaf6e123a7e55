"""Finds a Python that is new enough, and goes on with it. Called first by every command in bin/.

Written so that an old Python 3 can read it too, for it is the one that has to say so.
"""

import os
import shutil
import subprocess
import sys

OLDEST, NEWEST = (3, 11), (3, 13)
_ASK = "import sys; print(*sys.version_info[:2])"


def require() -> None:
    """Returns on a Python that fits; else runs the same command again with one found on the PATH.

    Ends the process with a sentence when there is none.
    """
    running = sys.version_info[:2]
    if OLDEST <= running <= NEWEST:
        return
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        python = shutil.which("python3." + str(minor))
        if python and _version(python) == (3, minor):
            os.execv(python, [python] + sys.argv)  # noqa: RUF005, S606
    sys.exit(
        "Handpicked runs on Python 3.11 to 3.13, and this is {}.{}. "
        "Install one of them, so that `python3.11` (or 3.12, 3.13) is on the PATH.".format(*running)
    )


def _version(python: str) -> tuple:  # type: ignore[type-arg]
    # A version manager may put a name on the PATH that doesn't lead to a Python: so it is asked.
    asked = subprocess.run(  # noqa: S603, UP022
        [python, "-c", _ASK], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False
    )
    return tuple(int(number) for number in asked.stdout.split())
