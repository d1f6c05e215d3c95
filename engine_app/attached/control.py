"""What people and programs do with attached servers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F

from engine_app.attached import keys
from engine_app.attached.client import Client, Unreachable, Wrong
from engine_app.attached.looking import Seen
from engine_app.core.server_address import Address, WrongAddress, read_address
from engine_app.core.server_answers import text
from engine_app.models.attached import (
    MAX_KEY,
    MAX_NAME,
    AttachedModel,
    AttachedServer,
    AttachedServerQuerySet,
    Role,
    ServerState,
)
from engine_app.wake import wake

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser

    User = AbstractBaseUser | AnonymousUser | None

logger = logging.getLogger(__name__)
ORDER_SECONDS: Final = 10.0
MANAGED: Final = "This router is one of our own: it is started and stopped, not attached."
ANOTHER_KEY: Final = (
    "The address is another one, and the stored key is not sent there: give its key, or remove it."
)


class AttachRefused(ValueError):
    """Why it is not done, in words, by the field that is wrong; "" is none of them."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(" ".join(problems.values()))
        self.problems = dict(problems)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be attached, checked. `key` is null where the stored one is kept."""

    name: str
    address: Address
    key: str | None = None
    enabled: bool = True


def wanted(
    name: str,
    url: str,
    key: str | None = None,
    *,
    enabled: bool = True,
    server: AttachedServer | None = None,
) -> Wanted:
    """Raises AttachRefused. `server` is the one that is changed, if one is."""
    problems: dict[str, str] = {}
    address: Address | None = None
    try:
        address = read_address(url)
    except WrongAddress as why:
        problems["url"] = str(why)
    name = name.strip() or (address.host[:MAX_NAME] if address else "")
    if address is not None:
        problems |= _problems_of_name(name, server)
        problems |= _problems_of_address(address, server)
        moved = server is not None and server.address.origin != address.origin
        if moved and key is None and server is not None and keys.has_key(server.pk):
            problems["key"] = ANOTHER_KEY
    if key is not None and (why_not := _why_no_key(key)):
        problems["key"] = why_not
    if problems or address is None:
        raise AttachRefused(problems)
    return Wanted(name, address, key, enabled)


def _problems_of_name(name: str, server: AttachedServer | None) -> dict[str, str]:
    if len(name) > MAX_NAME:
        return {"name": f"A name has at most {MAX_NAME} characters."}
    if not name.isprintable():
        return {"name": "A name is made of characters that can be shown."}
    others = _others(server)
    if others.filter(name__iexact=name).exists():
        return {"name": f"There is a server called {name} already."}
    return {}


def _problems_of_address(address: Address, server: AttachedServer | None) -> dict[str, str]:
    other = _others(server).filter(**_columns(address)).first()
    return {"url": f"This address is attached already, as {other.name}."} if other else {}


def _others(server: AttachedServer | None) -> AttachedServerQuerySet:
    here = AttachedServer.objects.here(settings.NODE)
    return here if server is None else here.exclude(pk=server.pk)


def _why_no_key(key: str) -> str:
    if len(key) > MAX_KEY:
        return f"A key has at most {MAX_KEY} characters."
    if not key.isascii() or not key.isprintable() or " " in key:
        return "A key has no blanks, and no characters beyond ASCII."
    return ""


def attach(wanted: Wanted, user: User = None, *, managed: bool = False) -> AttachedServer:
    """The agent looks at it within a moment. Raises AttachRefused, OSError."""
    with transaction.atomic():
        try:
            with transaction.atomic():
                server = AttachedServer.objects.create(
                    name=wanted.name,
                    node=settings.NODE,
                    enabled=wanted.enabled,
                    managed=managed,
                    **_columns(wanted.address),
                )
        except IntegrityError:  # somebody was quicker
            raise AttachRefused({"": _TWICE}) from None
        # Before the commit: whoever sees the row finds the key.
        keys.write(server.pk, wanted.key or "")
        wake()
    _say(server, "attached", user)
    return server


def change(server: AttachedServer, wanted: Wanted, user: User = None) -> None:
    """What was seen of another address is forgotten. Raises AttachRefused, OSError."""
    _check_is_not_ours(server)
    columns = _columns(wanted.address)
    moved = any(getattr(server, name) != value for name, value in columns.items())
    with transaction.atomic():
        try:
            with transaction.atomic():
                AttachedServer.objects.filter(pk=server.pk).update(
                    name=wanted.name,
                    enabled=wanted.enabled,
                    generation=F("generation") + 1,
                    **columns,
                    **(_UNSEEN if moved or not wanted.enabled else {}),
                )
        except IntegrityError:
            raise AttachRefused({"": _TWICE}) from None
        if moved or not wanted.enabled:
            AttachedModel.objects.filter(server=server).delete()
        if wanted.key is not None:
            keys.write(server.pk, wanted.key)
        wake()
    server.refresh_from_db()
    _say(server, "changed", user)


def detach(server: AttachedServer, user: User = None) -> None:
    """Forgets it, its models and its key. Nothing happens to the server itself. Raises
    AttachRefused for a router of our own."""
    _check_is_not_ours(server)
    forget(server)
    _say(server, "detached", user)


def forget(server: AttachedServer) -> None:
    """Also a router of our own, when it has ended."""
    server_id = server.pk
    with transaction.atomic():
        AttachedServer.objects.filter(pk=server_id).delete()
        transaction.on_commit(lambda: keys.forget(server_id))
        wake()


def switch(server: AttachedServer, enabled: bool) -> None:
    """For a router of our own, which is followed while it runs."""
    values = {"enabled": enabled, "generation": F("generation") + 1}
    with transaction.atomic():
        AttachedServer.objects.filter(pk=server.pk).update(**values, **_UNSEEN)
        if not enabled:
            AttachedModel.objects.filter(server=server).delete()
        wake()


def _check_is_not_ours(server: AttachedServer) -> None:
    if server.managed:
        raise AttachRefused({"": MANAGED})


_TWICE: Final = "There is a server of this name or address already."
_UNSEEN: Final[dict[str, Any]] = {
    "role": Role.UNKNOWN,
    "state": ServerState.UNKNOWN,
    "reason": "",
    "build": "",
    "most_loaded": None,
    "loads_by_itself": None,
    "n_slots": None,
    "n_left_out": 0,
    "last_seen_at": None,
    "checked_at": None,
}


def _columns(address: Address) -> dict[str, Any]:
    return {
        "scheme": address.scheme,
        "host": address.host,
        "port": address.port,
        "prefix": address.prefix,
    }


def _say(server: AttachedServer, what: str, user: User) -> None:
    name = user.get_username() if user is not None and user.is_authenticated else ""
    logger.info("%s (%s) was %s by %s", server.name, server.address, what, name or "this program")


# ---------------------------------------------------------------- loading
class OrderRefused(ValueError):
    """Why a server does not load or unload, in words."""


def load(server: AttachedServer, model_id: str, user: User = None) -> None:
    """The router begins to; what is seen says how far it is. Raises OrderRefused. Blocks."""
    _order(server, "load", model_id, user)


def unload(server: AttachedServer, model_id: str, user: User = None) -> None:
    """Raises OrderRefused. Blocks."""
    _order(server, "unload", model_id, user)


def _order(server: AttachedServer, verb: str, model_id: str, user: User) -> None:
    if server.role == Role.SINGLE:
        raise OrderRefused(
            f"{server.name} is a single server: it has its one model for as long as it runs. "
            "Only a router loads and unloads."
        )
    if not server.enabled:
        raise OrderRefused(f"{server.name} is switched off: enable it first.")
    if not server.models.filter(model_id=model_id).exists():
        raise OrderRefused(f"{server.name} has no model called {text(model_id)!r}.")
    status, said = asyncio.run(_sent(server, verb, model_id))
    wake()
    if status == 200:
        logger.info("%s: asked to %s %s", server.source, verb, model_id)
        return
    raise OrderRefused(_refusal(server, verb, model_id, status, said))


async def _sent(server: AttachedServer, verb: str, model_id: str) -> tuple[int, str]:
    try:
        async with Client(server.address, keys.key_of(server.pk)) as client:
            body = {"model": model_id}
            reply = await client.post(f"/models/{verb}", body, seconds=ORDER_SECONDS)
    except (Unreachable, Wrong) as why:
        raise OrderRefused(f"{server.name} was not reached. {why}") from why
    return reply.status, _message(reply.json())


def _message(answer: object) -> str:
    error = answer.get("error") if isinstance(answer, dict) else None
    return text(error.get("message")) if isinstance(error, dict) else ""


def _refusal(server: AttachedServer, verb: str, model_id: str, status: int, said: str) -> str:
    if status in (401, 403):
        return f"{server.name} does not take the key: change it first."
    if status == 404:
        return f"{server.name} does not know {model_id!r}, or it is a build that cannot {verb}."
    if "already running" in said:
        return f"{model_id} is loaded or loading already."
    if "not running" in said:
        return f"{model_id} is not loaded."
    return f"{server.name} refused with the status {status}" + (f": {said}." if said else ".")


def found(seen: Seen) -> str:
    """What a check has found, in a sentence."""
    if not seen.is_reachable:
        return seen.reason
    what = "a router" if seen.role == Role.ROUTER else "a single llama-server"
    build = f", build {seen.build}" if seen.build else ""
    if seen.models is None:
        return f"It is {what}{build}. {seen.reason}".strip()
    if seen.role == Role.SINGLE:
        return f"It is {what}{build}, with the model {seen.models[0].model_id}."
    n = len(seen.models)
    return f"It is {what}{build}, with {n} model{'' if n == 1 else 's'}, {seen.n_in_memory} loaded."
