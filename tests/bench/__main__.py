"""python -m tests.bench [--quick] [--json FILE] [--only NAME...]

Prints a table and writes JSON. A budget that is not kept is shown and is no failure: figures
depend on the machine.
"""

from __future__ import annotations

import argparse
import json
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol

from tests import environment  # noqa: F401 - before Django: never the user's data
from tests.bench import (
    api_list,
    browser_live,
    engines,
    fan_out,
    gateway,
    gguf_reader,
    log_flood,
    machine,
    sampling,
    scan,
    serve_process,
    time_series,
)
from tests.bench.row import Row
from tests.bench.table import table

DEFAULT_FILE: Final = Path("build/bench.json")


class Bench(Protocol):
    NAME: str

    def run(self, quick: bool) -> list[Row]: ...


BENCHES: Final[dict[str, Bench]] = {
    bench.NAME: bench
    for bench in (
        gguf_reader,
        scan,
        api_list,
        time_series,
        sampling,
        fan_out,
        gateway,
        engines,
        log_flood,
        browser_live,
        serve_process,
    )
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds: rough figures")
    parser.add_argument("--json", type=Path, default=DEFAULT_FILE, metavar="FILE")
    parser.add_argument("--only", nargs="+", choices=BENCHES, default=list(BENCHES), metavar="NAME")
    options = parser.parse_args()
    started_at = datetime.now(UTC)
    rows: list[Row] = []
    failed: list[str] = []
    for name in options.only:
        print(f"{name} ...", file=sys.stderr, flush=True)
        try:
            rows += BENCHES[name].run(options.quick)
        except Exception:  # what the others measured is not lost
            traceback.print_exc()
            failed.append(name)
    print(table(rows))
    _write(options.json, started_at, options.quick, rows)
    if failed:
        sys.exit(f"not measured: {', '.join(failed)}")


def _write(file: Path, started_at: datetime, quick: bool, rows: list[Row]) -> None:
    report = {
        "started_at": started_at.isoformat(timespec="seconds"),
        "quick": quick,
        "machine": machine.description(),
        "rows": [row.as_json() for row in rows],
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(report, indent=1) + "\n")
    print(f"\n{file}", file=sys.stderr)


if __name__ == "__main__":
    main()
