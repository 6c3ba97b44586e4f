"""The form of a schema, and the small ones that many are made of.

Generated clients decide it: a body has no ``default`` and no read-only field, every branch of a union has a
type, and an answer may gain fields (no ``additionalProperties: false``).
"""

from typing import Any

from app.settings import Settings

Json = dict[str, Any]

TEXT: Json = {"type": "string"}
NULL: Json = {"type": "null"}
UUID: Json = {"type": "string", "format": "uuid"}
# A time of an answer.
TIME: Json = {"type": "string", "format": "date-time", "pattern": "Z$"}
NULLABLE_TIME: Json = {"anyOf": [TIME, NULL]}
NEXT_CURSOR: Json = {
    "type": ["string", "null"],
    "description": "The `cursor` of the next page; null on the last page.",
}
# White space at both ends is trimmed, so a string of nothing else is an empty one.
NOT_BLANK = r"[^\s\u0085]"


def ref(schema: str, **siblings: str) -> Json:
    """A reference to a schema of the document; in OpenAPI 3.1 a description may stand beside it."""
    return {"$ref": f"#/components/schemas/{schema}", **siblings}


def make_object(description: str, properties: Json, *optional: str) -> Json:
    """The schema of an object of an answer: its properties are always there, but for the optional ones."""
    return {
        "description": description,
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in optional],
    }


def make_list(description: str, schema: str, max_items: int) -> Json:
    """The schema of an answer with all items of a kind."""
    return make_object(description, {"items": {"type": "array", "items": ref(schema), "maxItems": max_items}})


def make_body(settings: Settings, description: str, properties: Json, *required: str) -> Json:
    """The schema of a body. It may have other fields, which are ignored, only where the settings say so."""
    return {
        "description": description,
        "type": "object",
        "properties": properties,
        **({"required": [*required]} if required else {}),
        "additionalProperties": settings.unknown_fields == "ignore",
    }
