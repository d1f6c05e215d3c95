"""What the API of names and rewrites takes and gives, as its documentation states it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Field, Schema
from pydantic import ConfigDict, StrictInt, StrictStr


class VirtualGiven(Schema):
    model_config = ConfigDict(extra="forbid")

    name: StrictStr
    members: list[StrictStr] = Field(description="names of models, in order")
    how: StrictStr = Field("loaded", description="first, loaded or spill")


class VirtualRow(Schema):
    id: int
    name: str
    members: list[str]
    how: str
    updated_at: datetime


class VirtualList(Schema):
    virtual_models: list[VirtualRow]


class ProfileGiven(Schema):
    model_config = ConfigDict(extra="forbid")

    name: StrictStr
    description: StrictStr = ""
    pins: dict[str, StrictStr] = Field(description="name that is asked for -> model that it means")


class ProfileRow(Schema):
    id: int
    name: str
    description: str
    pins: dict[str, str]
    is_active: bool
    updated_at: datetime


class ProfileList(Schema):
    active: int | None
    profiles: list[ProfileRow]


class Activation(Schema):
    model_config = ConfigDict(extra="forbid")

    profile: StrictInt | None = Field(description="null: none is active")


class RewriteGiven(Schema):
    model_config = ConfigDict(extra="forbid")

    strip: list[StrictStr] = Field([], description="names of parameters that are left out")
    default: dict[str, Any] = Field({}, description="set where the request says nothing")
    set: dict[str, Any] = Field({}, description="set whatever the request says")
    system_prefix: StrictStr = ""
    max_tokens: StrictInt | None = Field(None, description="the most that is generated")


class RewriteRow(RewriteGiven):
    model: int
    updated_at: datetime


class RewriteList(Schema):
    rewrites: list[RewriteRow]
