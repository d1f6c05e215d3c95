"""llama-server on top of the `xllamacpp` package: llama.cpp's own HTTP server, one model.

    python -m engine_app.embedded -m MODEL --alias NAME --host 127.0.0.1 --port 8080 …

Takes llama-server's flags, reads LLAMA_API_KEY, ends with llama-server's exit codes: 0 for a clean
stop, 1 for a bad flag, a port that is taken, a model that cannot be loaded. It is a child process
that knows nothing of Django, and it is up in a tenth of a second.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Sequence
from typing import Any, Final

from engine_app.embedded.arguments import Parse, table_parse
from engine_app.embedded.native import native_parse
from engine_app.embedded.package import Package, PackageMissing, load_package, version_text
from engine_app.embedded.table import help_text

DEFAULT_PORT: Final = "8080"  # llama-server's; xllamacpp itself takes any free one


def main(args: Sequence[str]) -> int:
    try:
        package = load_package()
    except PackageMissing as error:
        say(str(error))
        return 1
    if "--version" in args:
        print(version_text(package), file=sys.stderr)
        return 0
    native = native_parse(package)
    if native is None and {"-h", "--help", "--usage"} & set(args):
        print(help_text(), end="")
        return 0
    return serve(package, native or table_parse(package), [*default_port(args), *args])


def default_port(args: Sequence[str]) -> list[str]:
    given = any(arg.partition("=")[0] == "--port" for arg in args)
    return [] if given else ["--port", os.environ.get("LLAMA_ARG_PORT", DEFAULT_PORT)]


def serve(package: Package, parse: Parse, args: Sequence[str]) -> int:
    params = package.module.CommonParams()
    if not parse(params, args):
        return 1
    require_key(params)
    if not params.model.path:
        say("no --model; router mode needs a llama-server program")
        return 1
    try:
        # Returns when the model is loaded; until then threads of its own answer 503.
        server = package.module.Server(params)
    except RuntimeError as error:
        say(str(error))
        return 1
    wait_for_signal()
    say(f"stopping {server.listening_address}")
    # The server's destructor would wait for open requests, up to 30 s for a stream and without end
    # for a plain one, and hold the interpreter's lock all the while.
    os._exit(0)


def require_key(params: Any) -> None:
    """However the flags were read: a server that was given a key must ask for it."""
    keys = os.environ.get("LLAMA_API_KEY")
    if keys and not params.api_keys:
        params.api_keys = keys.split(",")


def wait_for_signal() -> None:
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):  # starting the server put others there
        signal.signal(number, lambda *_: stop.set())
    stop.wait()


def say(text: str) -> None:
    print(f"embedded engine: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
