"""The command as a person types it, for tests of a whole run."""

import os
import subprocess
import sys


def command(home, *arguments):
    """Runs it with everything in `home`, and gives what it printed and its status.

    From anywhere: nothing may depend on the folder it is started in.
    """
    variables = {name: value for name, value in os.environ.items() if name not in ("DFDC_DATA", "DFDC_RUNS")}
    return subprocess.run(
        [sys.executable, "-m", "dfdc_utils", *map(str, arguments)], env=variables | {"DFDC_HOME": str(home)}, cwd=home,
        capture_output=True, text=True,
    )
