"""Values of every kind that an option takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from engine_app.core.conflicts import conflicts
from engine_app.core.flag_kinds import Choice, Flag, Integer, Number, Sequence, Switch, Value
from engine_app.core.registered import Registered


def rounds(flags: Mapping[str, Flag], draft: int, adapter: int) -> Iterator[dict[str, Value]]:
    """Sets of options which together hold every value of each of them, none against another."""
    left = {name: every_kind_of_value(flag, draft, adapter) for name, flag in flags.items()}
    while any(left.values()):
        options = {name: values[0] for name, values in left.items() if values}
        while wrong := conflicts(options):
            del options[next(iter(wrong))]
        for name in options:
            del left[name][0]
        yield options


def every_kind_of_value(flag: Flag, draft: int, adapter: int) -> list[Value]:
    if isinstance(flag, Switch):
        return [True, False]
    if isinstance(flag, Integer):
        return [flag.least, flag.most, *flag.choices]
    if isinstance(flag, Number):
        return [flag.least, flag.most, (flag.least + flag.most) / 3]
    if isinstance(flag, Choice):
        return list(flag.choices)
    if isinstance(flag, Sequence):
        items = flag.choices[:2] or (("CUDA0", "CUDA1") if flag.name == "device" else ("1", "2"))
        return [items[0], flag.separator.join(items)]
    if isinstance(flag, Registered):
        return [str(adapter), f"{adapter}:0.5"] if flag.scaled else [draft]
    return [True, False, "a b=CPU", "'quoted'", '{"k": "v"}', "5", "|", "a;b #c", "x\ny", "-1", ""]
