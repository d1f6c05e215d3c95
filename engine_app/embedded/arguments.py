"""llama-server's flags read by the table. Errors are said as llama-server says them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

from engine_app.embedded.package import Package
from engine_app.embedded.table import BY_NAME, POOLING, RERANK, Flag

Parse = Callable[[Any, Sequence[str]], bool]


class ArgumentError(ValueError):
    pass


def table_parse(package: Package) -> Parse:
    def parse(params: Any, args: Sequence[str]) -> bool:
        try:
            _read(params, list(args), package.module)
        except ArgumentError as error:
            print(f"error: {error}", file=sys.stderr)
            return False
        return True

    return parse


def _read(params: Any, words: list[str], module: Any) -> None:
    words.reverse()
    while words:
        name, equals, value = words.pop().partition("=")
        flag = BY_NAME.get(name)
        if flag is None:
            raise ArgumentError(f"invalid argument: {name}")
        if flag.hint and not equals:
            if not words:
                raise ArgumentError(f"expected value for argument {name}")
            value = words.pop()
        _set(params, flag, _value(flag, name, value, module))
        if RERANK in flag.names:
            params.pooling_type = _pooling("rank", module)


def _value(flag: Flag, name: str, text: str, module: Any) -> Any:
    if not flag.hint:
        return flag.value
    try:
        return _pooling(text, module) if name == POOLING else flag.read(text)
    except (ValueError, AttributeError):
        raise ArgumentError(f'error while handling argument "{name}": {text!r}') from None


def _pooling(name: str, module: Any) -> Any:
    return getattr(module.llama_pooling_type, f"LLAMA_POOLING_TYPE_{name.upper()}")


def _set(params: Any, flag: Flag, value: Any) -> None:
    for path in flag.attributes:
        parent, _, attribute = path.rpartition(".")
        setattr(attrgetter(parent)(params) if parent else params, attribute, value)
