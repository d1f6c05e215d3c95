"""llama-swap's logs as plain text. Engines' logs need the scope "operate"; llamadash's own, which
names accounts and paths, "admin": the rule of the log pages."""

from __future__ import annotations

from typing import Final

from logs_app.core.sources import APP
from proxy_app.core.errors import GatewayError
from proxy_app.dialects.call import TEXT, Call, Said
from proxy_app.dialects.feeds import feed
from proxy_app.dialects.log_tail import Tail, text
from proxy_app.holders import Holder

HISTORY_LINES: Final = 200  # of each source
EVERY_SECONDS: Final = 0.5


def may_read_ours(holder: Holder) -> bool:
    return "admin" in holder.scopes


def may_read_engines(holder: Holder) -> bool:
    return bool(holder.scopes & {"operate", "admin"})


async def readable(call: Call) -> list[str]:
    """Every source that the holder may read."""
    await call.gateway.engines.be_fresh()
    ours = [APP] if may_read_ours(call.holder) else []
    return [*ours, *(_engines(call) if may_read_engines(call.holder) else [])]


def _engines(call: Call) -> list[str]:
    seen = call.gateway.engines.seen.values()
    return [_source(each.engine_id) for each in seen if call.holder.may_use(each.model_id)]


def _source(engine_id: int) -> str:
    return f"engine.{engine_id}"


async def whole(call: Call) -> Said:
    """What is there now, source after source."""
    parts = [text(await Tail(each).begin(HISTORY_LINES)) for each in await readable(call)]
    return Said(text="".join(parts))


async def stream(call: Call) -> Said:
    return _stream(call, await readable(call))


async def stream_one(call: Call) -> Said:
    """Of `proxy`, of `upstream`, or of one model's engine."""
    if call.rest == "proxy":
        if not may_read_ours(call.holder):
            raise GatewayError(403, "not_allowed", "Only an admin key may read this log.")
        return _stream(call, [APP])
    await call.gateway.engines.be_fresh()
    if call.rest == "upstream":
        return _stream(call, _engines(call))
    unknown = GatewayError(400, "bad_request", f"There is no log of {call.rest[:100]!r}.")
    entry = await call.entry(call.rest, unknown)
    seen = call.gateway.engines.seen.get(entry.target)
    if seen is None:  # it has never run
        raise unknown
    return _stream(call, [_source(seen.engine_id)])


def _stream(call: Call, sources: list[str]) -> Said:
    tails = [Tail(source) for source in sources]
    most = 0 if "no-history" in call.query else HISTORY_LINES
    has_begun = False

    async def news() -> list[bytes]:
        nonlocal has_begun
        found = [await (tail.more() if has_begun else tail.begin(most)) for tail in tails]
        has_begun = True
        return [text(lines).encode() for lines in found if lines]

    return Said(events=feed(news, EVERY_SECONDS, beat=b""), events_type=TEXT)
