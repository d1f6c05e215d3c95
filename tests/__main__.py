"""python -m tests [pytest arguments]: all tests; without arguments those of the browser beside the
others, each half on a core of its own. What the browser's half prints comes at the end.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from typing import Final

PYTEST: Final = (sys.executable, "-m", "pytest")


def main() -> int:
    if arguments := sys.argv[1:]:
        return subprocess.call([*PYTEST, *arguments])
    with tempfile.TemporaryFile("w+") as printed:
        browser = subprocess.Popen(
            [*PYTEST, "-m", "browser"], stdout=printed, stderr=subprocess.STDOUT
        )
        try:
            failed = subprocess.call([*PYTEST, "-m", "not browser"])
            failed = browser.wait() or failed
        finally:
            browser.terminate()
            browser.wait()
        printed.seek(0)
        sys.stdout.write(printed.read())
    return failed


if __name__ == "__main__":
    sys.exit(main())
