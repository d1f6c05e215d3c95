"""What names mean besides models, and what requests for a model are made into."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from proxy_app.core.rewrites import Rewrite
from proxy_app.fresh import Fresh
from proxy_app.models import ModelRewrite, Profile, VirtualModel
from proxy_app.rows import rows

FRESH_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Virtual:
    name: str
    members: tuple[str, ...]
    how: str


@dataclass(frozen=True, slots=True)
class Rules:
    pins: Mapping[str, str] = field(default_factory=dict)  # of the active profile
    virtual: Mapping[str, Virtual] = field(default_factory=dict)
    rewrites: Mapping[int, Rewrite] = field(default_factory=dict)  # by model

    def meant(self, name: str) -> str:
        """What the active profile makes of a name. Once: pins do not lead to pins."""
        return self.pins.get(name, name)


class Routing:
    """Belongs to one event loop. A change is seen within a second."""

    def __init__(self) -> None:
        self._rules = Fresh(self._read, Rules())
        self._was_read = False

    async def rules(self) -> Rules:
        if not self._was_read:
            return await self._rules.within(FRESH_SECONDS)
        return self._rules.soon(FRESH_SECONDS)

    async def _read(self) -> Rules:
        found = await rows(read_rules)
        self._was_read = True
        return found

    def forget(self) -> None:
        """Something was changed in this process: the next request waits for what is true."""
        self._was_read = False
        self._rules.forget()


def read_rules() -> Rules:
    active = Profile.objects.filter(is_active=True).first()
    pins = active.pins if active is not None else {}
    return Rules(
        {str(name): str(target) for name, target in pins.items()},
        {each.name: _virtual(each) for each in VirtualModel.objects.all()},
        {each.llama_model_id: _rewrite(each) for each in ModelRewrite.objects.all()},
    )


def _virtual(row: VirtualModel) -> Virtual:
    return Virtual(row.name, tuple(map(str, row.members)), row.how)


def _rewrite(row: ModelRewrite) -> Rewrite:
    return Rewrite(
        strip=tuple(map(str, row.strip)),
        default=dict(row.default),
        set=dict(row.set),
        system_prefix=row.system_prefix,
        max_tokens=row.max_tokens,
    )
