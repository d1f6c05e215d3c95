"""A data directory whose database has all its tables, as the first start leaves it.

It is made once in a run and copied: a server that makes its own takes seconds of CPU.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests import environment

CHECKOUT: Final = Path(__file__).parents[2]
FILE: Final = "llamadash.sqlite3"


def migrated(data_dir: Path) -> Path:
    """Makes the directory, where there is none, and its database."""
    data_dir.mkdir(mode=0o700, exist_ok=True)
    shutil.copyfile(_made(), data_dir / FILE)
    (data_dir / FILE).chmod(0o600)
    return data_dir


@functools.cache
def _made() -> Path:
    folder = Path(environment.folder) / "migrated"
    kept = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "-v", "0"],
        cwd=CHECKOUT,
        env={**kept, "LLAMADASH_DATA_DIR": str(folder)},
        check=True,
    )
    # Only a database that nobody has open lies in one file.
    assert not (folder / f"{FILE}-wal").exists()
    return folder / FILE
