"""Reads the logs of a data directory until it is killed.

LLAMADASH_DATA_DIR=... python -m tests.fakes.pumping
"""

from __future__ import annotations

import os
import time


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "llamadash.settings"
    import django

    django.setup()
    from logs_app.kept_lines import KeptLines
    from logs_app.pump import Pump

    pump = Pump(KeptLines(), lambda *frame: None, lambda topic: False)
    while True:
        if not pump.step():
            time.sleep(0.01)


if __name__ == "__main__":
    main()
