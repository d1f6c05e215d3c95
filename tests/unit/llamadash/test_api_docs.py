from __future__ import annotations

import pytest

from llamadash.api_docs import operations, type_words


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "integer"}, "integer"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "string or null"),
        ({"type": "array", "items": {"type": "string"}}, "array of string"),
        ({"enum": ["a", "b"]}, "a, b"),
        ({"$ref": "#/components/schemas/Model"}, "Model"),
        ({}, "any"),
    ],
)
def test_a_schema_is_said_in_a_few_words(schema: dict[str, object], words: str) -> None:
    assert type_words(schema) == words


def test_fields_of_path_query_and_body_are_listed() -> None:
    document = {
        "paths": {
            "/api/x/{id}/": {
                "patch": {
                    "operationId": "x_patch",
                    "parameters": [
                        {
                            "name": "id",
                            "in": "path",
                            "required": True,
                            "schema": {"type": "integer"},
                        }
                    ],
                    "requestBody": {
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/X"}}
                        }
                    },
                    "responses": {200: {}, 422: {}},
                }
            }
        },
        "components": {
            "schemas": {"X": {"properties": {"notes": {"type": "string"}}, "required": ["notes"]}}
        },
    }
    (found,) = operations(document)
    assert [(f.name, f.place, f.required) for f in found.fields] == [
        ("id", "path", True),
        ("notes", "body", True),
    ]
    assert found.answers == "200, 422"
