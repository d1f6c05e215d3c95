"""The API's own documentation, drawn from its OpenAPI document.

Swagger's page needs inline scripts, which the CSP forbids, and weighs 1.5 MB.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from llamadash.api import api

METHODS: Final = ("get", "post", "patch", "put", "delete")
Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    place: str  # query, path or body
    type: str
    required: bool
    text: str


@dataclass(frozen=True, slots=True)
class Operation:
    key: str
    method: str
    path: str
    title: str
    text: str
    fields: list[Field]
    answers: str


@require_GET
def page(request: HttpRequest) -> HttpResponse:
    document = api.get_openapi_schema(path_prefix="/api/")
    facts = {
        "operations": operations(document),
        "session_cookie": settings.SESSION_COOKIE_NAME,
        "csrf_cookie": settings.CSRF_COOKIE_NAME,
        "https": settings.HTTPS,
    }
    return render(request, "api_docs.html", facts)


def operations(document: Schema) -> list[Operation]:
    """Every operation of an OpenAPI document, in its order."""
    schemas = document.get("components", {}).get("schemas", {})
    return [
        _operation(path, method, item[method], schemas)
        for path, item in document["paths"].items()
        for method in METHODS
        if method in item
    ]


def _operation(path: str, method: str, found: Schema, schemas: Schema) -> Operation:
    parameters = [
        Field(
            each["name"],
            each["in"],
            type_words(each.get("schema", {})),
            bool(each.get("required")),
            each.get("description") or each.get("schema", {}).get("description", ""),
        )
        for each in found.get("parameters", [])
    ]
    return Operation(
        key=found["operationId"],
        method=method.upper(),
        path=path,
        title=found.get("summary", ""),
        text=found.get("description", ""),
        fields=parameters + _body_fields(found.get("requestBody"), schemas),
        answers=", ".join(str(status) for status in found.get("responses", {})),
    )


def _body_fields(body: Schema | None, schemas: Schema) -> list[Field]:
    if body is None:
        return []
    content = next(iter(body["content"].values()))["schema"]
    schema = schemas.get(_reference(content), content)
    required = schema.get("required", [])
    return [
        Field(name, "body", type_words(each), name in required, each.get("description", ""))
        for name, each in schema.get("properties", {}).items()
    ]


def type_words(schema: Schema) -> str:
    """A JSON schema in a few words: `integer or null`, `array of string`, `a, b or c`."""
    if "enum" in schema:
        return ", ".join(map(str, schema["enum"]))
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(type_words(each) for each in schema["anyOf"]))
    if schema.get("type") == "array":
        return f"array of {type_words(schema.get('items', {}))}"
    return str(schema.get("type") or _reference(schema) or "any")


def _reference(schema: Schema) -> str:
    if "allOf" in schema and len(schema["allOf"]) == 1:
        schema = schema["allOf"][0]
    return str(schema.get("$ref", "")).rpartition("/")[2]
