"""From the name that a request gives to the model that is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proxy_app import listing
from proxy_app.catalogue import Entry
from proxy_app.core.choosing import Member, chosen
from proxy_app.holders import Holder
from proxy_app.routing import Rules, Virtual

if TYPE_CHECKING:
    from proxy_app.gateway import Gateway


async def entry_of(gateway: Gateway, name: str, holder: Holder, rules: Rules) -> Entry:
    """The active profile's word comes first, then names of several models, then models. Raises
    GatewayError 404; the same for what is not there and for what the holder may not use: what
    others may use is nobody's business."""
    meant = rules.meant(name)
    virtual = rules.virtual.get(meant)
    if virtual is not None:
        found = await _of_virtual(gateway, virtual, holder)
    else:
        found = await gateway.catalogue.find(meant)
    if found is None or not holder.may_use(found.model_id):
        raise await listing.unknown(name, await gateway.catalogue.names(), holder)
    return found


async def _of_virtual(gateway: Gateway, virtual: Virtual, holder: Holder) -> Entry | None:
    await gateway.engines.be_fresh()
    entries = [await gateway.catalogue.find(name) for name in virtual.members]
    usable = {each.id: each for each in entries if each and holder.may_use(each.model_id)}
    member = chosen([_member(gateway, each) for each in usable.values()], virtual.how)
    return None if member is None else usable[member.name]


def _member(gateway: Gateway, entry: Entry) -> Member:
    seen = gateway.engines.seen.get(entry.target)
    is_ready = gateway.engines.address(entry.target) is not None
    has_failed = seen is not None and seen.state == "failed"
    return Member(entry.id, is_ready, gateway.line.load(entry.target), has_failed)
