"""A field of a task, from the catalog: its name, schema, and whether it is writable and required."""

from collections.abc import Mapping
from typing import Any

from app.docs.examples import FIELDS
from app.docs.schemas.form import NOT_BLANK, NULL, Json, ref

Field = Mapping[str, Any]

_NOT_BLANK_NO_COMMA = r"^[^,]*[^\s\u0085,][^,]*$"
# Names that the registry of formats does not have.
_FORMATS = {"recurrence_rule": "rrule", "timezone": "time-zone"}


def read_field(field: Field) -> Json:
    """The field as an answer has it."""
    if "enum" in field["schema"]:
        return ref(enumeration_of(field))
    schema = {key: value for key, value in _describe(field).items() if key != "default"}
    return schema | {"pattern": "Z$"} if schema.get("format") == "date-time" else schema


def write_field(field: Field, *, with_default: bool = False) -> Json:
    """The field as a body may have it.

    The default is in words: ``default`` makes it required in TypeScript.
    """
    schema = _describe(field)
    default = schema.pop("default", None)
    if with_default and default is not None:
        schema["description"] += f" {_word(default)} if it is left out."
    if "enum" in schema:
        return ref(enumeration_of(field), description=schema["description"])
    if schema.get("format") == "date-time":
        branches: list[Json] = [{"type": "string", "format": name} for name in ("date-time", "date")]
        schema = {key: value for key, value in schema.items() if key not in ("type", "format")}
        schema["anyOf"] = [*branches, NULL]
        schema["description"] += (
            " Any ISO 8601 date or date-time. A time without an offset is read on the clock of `timezone`; "
            "a date means midnight there."
        )
    elif schema["type"] == "array":
        schema |= {
            "type": ["array", "null"],
            "items": schema["items"] | {"pattern": _NOT_BLANK_NO_COMMA},
        }
    elif field["required"]:
        schema["pattern"] = NOT_BLANK
    return schema


def enumeration_of(field: Field) -> str:
    """The name of the schema with the values of the field."""
    name: str = field["name"]
    return name.capitalize()


def _word(default: object) -> str:
    return {"[]": "Empty", "False": "False"}.get(str(default), f"`{default}`")


def _describe(field: Field) -> Json:
    schema = dict(field["schema"])
    if schema.get("default", "") is None:
        del schema["default"]
    name = field["name"]
    if name in _FORMATS:
        schema["format"] = _FORMATS[name]
    if name in FIELDS:
        schema["examples"] = [FIELDS[name]]
    return schema
