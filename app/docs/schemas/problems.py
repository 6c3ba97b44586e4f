"""The schemas of errors: problems (RFC 9457), their types, and the errors of fields."""

from collections.abc import Mapping, Sequence

from app.docs.schemas.form import TEXT, Json, make_object, ref
from app.web.problem_types import PROBLEM_TYPES, TYPE_PREFIX

_MEMBERS: Json = {
    "type": ref("ProblemTypeURI"),
    "title": {"type": "string", "description": "The name of the problem type."},
    "status": {"type": "integer", "minimum": 400, "maximum": 599, "description": "The HTTP status."},
    "detail": {"type": "string", "description": "What is wrong with this request."},
}


def schemas(faults: Sequence[Mapping[str, str]]) -> Json:
    """The schemas by name; the rules of a task come from the catalog."""
    return {
        "Problem": make_object(
            "An error (RFC 9457).",
            {
                **_MEMBERS,
                "error": {"type": "string", "description": "`title` again."},
                "message": {"type": "string", "description": "`detail` again."},
                "errors": {
                    "type": "array",
                    "items": ref("FieldError"),
                    "minItems": 1,
                    "description": "All errors of the request at once, at most 20. With "
                    "`/problems/validation-error`, and if a batch is refused.",
                },
                "codes": {
                    "type": "array",
                    "items": TEXT,
                    "description": "Why the service is not ready; only from `GET /health/ready`: "
                    "`unreachable`, `login-refused`, `migrations-pending`, `isolation`, `functions`, "
                    "`settings` or `database-error`.",
                },
                "reasons": {
                    "type": "array",
                    "items": TEXT,
                    "description": "The same in sentences, with `HEALTH_DETAILS=true`.",
                },
                "request_id": {"type": "string", "description": "The value of `X-Request-ID`."},
            },
            "errors",
            "codes",
            "reasons",
        ),
        "ProblemTypeURI": {
            "description": "The type of a problem: a path of this service that explains it.",
            "type": "string",
            "enum": [TYPE_PREFIX + name for name in PROBLEM_TYPES],
            # Names for generators that make an enumeration of it.
            "x-enum-varnames": [name.replace("-", "_").upper() for name in PROBLEM_TYPES],
        },
        "ProblemTypeName": {
            "description": "The last part of a problem's type.",
            "type": "string",
            "enum": [*PROBLEM_TYPES],
        },
        "ProblemType": make_object(
            "What a problem type means.",
            _MEMBERS
            | {
                "detail": {"type": "string", "description": "What the type means."},
                "about": {"type": "string", "description": "More about the type, in Markdown."},
            },
        ),
        "FieldError": _field_error(faults),
    }


def _field_error(faults: Sequence[Mapping[str, str]]) -> Json:
    rules = "\n".join(f"| `{rule['field']}` | `{rule['type']}` | {rule['msg']} |" for rule in faults)
    table = f"| field | type | message |\n|---|---|---|\n{rules}\n"
    return make_object(
        f"One error of a request. The rules of a task:\n\n{table}",
        {
            "loc": {
                "description": "The place of the error: body, path, query or header, then the name of the "
                "field. In a batch: body, operations, the number of the operation, then the name.",
                "type": "array",
                "items": {"type": ["string", "integer"]},
                "minItems": 1,
            },
            "msg": {"description": "What the value must be.", "type": "string", "minLength": 1},
            "type": {
                "description": "The name of the rule. It does not change.",
                "type": "string",
                "pattern": "^[a-z_0-9]+$",
            },
        },
    )
