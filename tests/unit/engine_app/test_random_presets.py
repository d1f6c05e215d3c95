"""Ten thousand presets made of anything: no word of the command line is an unlisted flag."""

from __future__ import annotations

import random
from contextlib import suppress
from pathlib import Path

from engine_app.core.allow_list import AllowList, LaunchError
from engine_app.core.argv import launch_argv
from engine_app.core.command_line import read_command
from engine_app.core.flag_kinds import Value
from engine_app.core.flags import FLAGS
from engine_app.core.imported import ImportedError
from engine_app.core.ini_files import read_ini
from engine_app.core.refused_flags import REFUSED

N_PRESETS = 10_000
ALLOWED = AllowList()
OURS = {"-m", "--alias", "--host", "--port", "--metrics", "--slots", "--sse-ping-interval"}
OURS |= {"--cors-origins", "--no-cors-credentials", "--offline", "--no-ui"}
LISTED = {s for flag in FLAGS.values() for s in (*flag.spellings, *flag.opposites)} | OURS
PIECES = [
    *(s for flag in FLAGS.values() for s in (*flag.spellings, *flag.opposites)),
    *(f"--{name}" for name in REFUSED),
    *(f"-{name}" for name in REFUSED),
    *(name.replace("-", "_") for name in REFUSED),
    *("=", " ", "\n", "'", '"', "\\", "\0", "-", "--", "[*]", "[x]", ";", "#", "$(id)", "`id`"),
    *("on", "off", "all", "-1", "8192", "0.5", "q8_0", "CUDA0", "/etc/passwd", "ä", "\u202e"),
]


def a_preset(rng: random.Random) -> str:
    parts = [rng.choice(PIECES) for _ in range(rng.randint(1, 12))]
    if rng.random() < 0.3:
        parts.append("".join(chr(rng.randint(0, 0x2FFF)) for _ in range(8)))
    return rng.choice([" ", " ", "=", "\n", ""]).join(parts)


def options_in(text: str) -> list[dict[str, Value]]:
    found = []
    with suppress(ImportedError):
        found.append(read_command(text, ALLOWED).options)
    found += [preset.options for preset in read_ini(f"[x]\n{text}", ALLOWED).presets]
    key, _, value = text.partition("=")
    with suppress(LaunchError):
        found.append(ALLOWED.check({key: value}))
    return found


def words_of(options: dict[str, Value]) -> list[str]:
    return launch_argv(
        ["llama-server"],
        model_path=Path("/m.gguf"),
        alias="m",
        port=1024,
        options=options,
        mmproj_path=None,
        knows=lambda flag: True,
    )


def test_no_preset_yields_an_unlisted_flag() -> None:
    rng = random.Random(20_261_124)
    n_taken = 0
    for _ in range(N_PRESETS):
        for options in options_in(a_preset(rng)):
            try:
                words = words_of(options)
            except LaunchError:
                continue
            n_taken += bool(options)
            flags = [w for w in words if w.startswith("-") and not w[1:2].isdigit()]
            assert set(flags) <= LISTED
            assert len(flags) == len(set(flags))
            assert not any("\0" in word for word in words)
    assert n_taken > 1000  # the walk finds real options too
