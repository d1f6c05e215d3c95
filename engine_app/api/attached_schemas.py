"""What the API of attached servers takes and gives, as its documentation states it."""

from __future__ import annotations

from datetime import datetime

from ninja import Field, Schema
from pydantic import ConfigDict, StrictBool, StrictStr

from engine_app.core.server_address import MAX_URL
from engine_app.core.server_answers import MAX_ID
from engine_app.models.attached import MAX_KEY, MAX_NAME


class AttachedRow(Schema):
    id: int
    name: str
    url: str
    node: str
    enabled: bool
    managed: bool = Field(description="a router that llamadash runs itself")
    has_key: bool
    role: str = Field(description="router, single or unknown")
    state: str = Field(description="unknown, reachable, unreachable, refused or wrong")
    state_changed_at: datetime
    reason: str
    build: str
    most_loaded: int | None = Field(description="of a router; 0: no limit, null: not told")
    loads_by_itself: bool | None = Field(description="of a router: with the first request")
    n_slots: int | None = Field(description="of a single server")
    n_left_out: int = Field(description="models it lists that are not shown")
    last_seen_at: datetime | None = Field(description="noted once a minute")
    checked_at: datetime | None = Field(description="noted once a minute")
    created_at: datetime


class AttachedList(Schema):
    servers: list[AttachedRow]


class AttachedModelRow(Schema):
    id: int
    model: str = Field(description="as the server calls it")
    aliases: list[str]
    registered: int | None = Field(description="id of the model in the registry that it is")
    state: str = Field(
        description="unloaded, downloading, loading, loaded, sleeping, failed or unknown"
    )
    progress: float | None = Field(description="of loading, 0 to 1; null: not told")
    exit_code: int | None = Field(description="of one that failed")
    args: list[str]
    path: str = Field(description="on the machine of the server")
    context: int | None
    size_bytes: int | None
    modalities: list[str]
    updated_at: datetime


class AttachedDetail(AttachedRow):
    models: list[AttachedModelRow]


class AttachedNew(Schema):
    """Where a llama-server stands."""

    model_config = ConfigDict(extra="forbid")

    url: StrictStr = Field(max_length=MAX_URL)
    name: StrictStr = Field("", max_length=MAX_NAME, description="empty: as its machine is called")
    key: StrictStr = Field("", max_length=MAX_KEY, description="never given back")
    enabled: StrictBool = True
    anyway: StrictBool = Field(False, description="also one that does not answer now")


class AttachedPatch(Schema):
    """A key of null, or none at all, keeps the one that is stored; an empty one removes it."""

    model_config = ConfigDict(extra="forbid")

    url: StrictStr | None = Field(None, max_length=MAX_URL)
    name: StrictStr | None = Field(None, max_length=MAX_NAME)
    key: StrictStr | None = Field(None, max_length=MAX_KEY)
    enabled: StrictBool | None = None
    anyway: StrictBool = False


class ModelOrder(Schema):
    model_config = ConfigDict(extra="forbid")

    model: StrictStr = Field(max_length=MAX_ID, description="as the server calls it")
