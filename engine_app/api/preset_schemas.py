"""What the presets' API takes and gives, as its documentation states it."""

from __future__ import annotations

from datetime import datetime

from ninja import Field, Schema
from pydantic import ConfigDict, StrictBool, StrictFloat, StrictInt, StrictStr

Value = StrictBool | StrictInt | StrictFloat | StrictStr
OPTIONS = Field(description="long names of llama-server's flags without dashes -> values")


class PresetRow(Schema):
    id: int
    name: str
    model: int | None = Field(description="null: for any model")
    is_default: bool = Field(description="inherited by all presets of its model, or by all")
    options: dict[str, bool | int | float | str] = OPTIONS
    binary: str = Field(description="key of the engine program; empty: the usual one")
    notes: str
    created_at: datetime
    updated_at: datetime
    last_success_at: datetime | None


class PresetList(Schema):
    presets: list[PresetRow]


class PresetDetail(PresetRow):
    effective: dict[str, bool | int | float | str] = Field(description="with what is inherited")
    origin: dict[str, str] = Field(description="option -> llamadash, defaults, model or preset")
    command: str | None = Field(description="null where the engine would refuse it")
    problem: str


class PresetNew(Schema):
    model_config = ConfigDict(extra="forbid")

    name: StrictStr = ""  # checked with the rest, after the question who may make one
    model: StrictInt | None = None
    is_default: StrictBool = False
    options: dict[str, Value] = {}
    binary: StrictStr = ""
    notes: StrictStr = ""


class PresetPatch(Schema):
    """What is left out stays; `options` are replaced as a whole."""

    model_config = ConfigDict(extra="forbid")

    name: StrictStr = ""
    model: StrictInt | None = None
    is_default: StrictBool = False
    options: dict[str, Value] = {}
    binary: StrictStr = ""
    notes: StrictStr = ""
