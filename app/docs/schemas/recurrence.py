"""The schemas of the coming due dates."""

from collections.abc import Sequence

from app.docs.schemas.fields import Field, write_field
from app.docs.schemas.form import TIME, Json, make_body, make_object
from app.settings import Settings

_SERIES = ("due_date", "recurrence_rule", "timezone")


def schemas(settings: Settings, fields: Sequence[Field]) -> Json:
    """The schemas by name; those of a task's fields come from the catalog."""
    series = {field["name"]: write_field(field) for field in fields if field["name"] in _SERIES}
    return {
        "OccurrencesPreview": make_body(
            settings,
            "A recurrence rule to try. Nothing is stored.",
            series
            | {
                "recurrence_rule": series["recurrence_rule"] | {"type": "string"},
                "limit": {
                    "type": ["integer", "null"],
                    "minimum": 1,
                    "maximum": 100,
                    "description": "The number of due dates to return; 10 if it is left out.",
                },
            },
            "recurrence_rule",
        ),
        "OccurrenceList": make_object(
            "The coming due dates.", {"occurrences": {"type": "array", "items": TIME, "maxItems": 100}}
        ),
    }
