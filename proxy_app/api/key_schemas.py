"""What the API of keys takes and gives, as its documentation states it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from ninja import Field, Schema
from pydantic import ConfigDict, StrictBool, StrictInt, StrictStr

from proxy_app.key_changing import LIMITS, MOST_MODELS, WEIGHTS

Scope = Literal["infer", "read", "operate", "admin"]
Policy = Literal["", "off", "errors", "all"]
Priority = Literal[-1, 0, 1]
Weight = Annotated[float, Field(ge=WEIGHTS[0], le=WEIGHTS[1])]
Models = Annotated[list[StrictInt], Field(max_length=MOST_MODELS)]

RequestsAMinute = Annotated[StrictInt, Field(ge=1, le=LIMITS["requests_per_minute"][1])]
TokensAMinute = Annotated[StrictInt, Field(ge=1, le=LIMITS["tokens_per_minute"][1])]
TokensAMonth = Annotated[StrictInt, Field(ge=1, le=LIMITS["tokens_per_month"][1])]
Running = Annotated[StrictInt, Field(ge=1, le=LIMITS["max_running"][1])]


class KeyRow(Schema):
    id: int
    name: str
    prefix: str = Field(description="how the key begins; the rest is not kept")
    scopes: list[Scope]
    enabled: bool
    expires_at: datetime | None
    limited: bool = Field(description="true: only for `models`; false: for every model")
    models: list[int]
    requests_per_minute: int | None
    tokens_per_minute: int | None
    tokens_per_month: int | None
    max_running: int | None = Field(description="requests at the same time")
    weight: float = Field(description="of its share, where several keys want the same")
    priority: Priority = Field(description="-1 batch, 0 normal, 1 urgent")
    capture: Policy = Field(description="what is kept of what was said; empty: as the setting says")
    created_at: datetime
    created_by: str | None
    last_used_at: datetime | None


class KeyList(Schema):
    keys: list[KeyRow]


class KeySecret(KeyRow):
    key: str = Field(description="the key itself: told now and never again")


class KeyPatch(Schema):
    """What is left out stays; null takes a limit away."""

    model_config = ConfigDict(extra="forbid")

    name: StrictStr = ""
    scopes: list[Scope] = ["infer"]
    expires_at: datetime | None = None
    limited: StrictBool = False
    models: Models = []
    requests_per_minute: RequestsAMinute | None = None
    tokens_per_minute: TokensAMinute | None = None
    tokens_per_month: TokensAMonth | None = None
    max_running: Running | None = None
    weight: Weight = 1.0
    priority: Priority = 0
    capture: Policy = ""


class KeyNew(KeyPatch):
    """Without limits, for every model, if nothing else is said."""

    name: StrictStr
