"""What the operations of the OpenAPI document refer to: parameters, headers, problems. Data."""

from collections.abc import Mapping

from app.docs.examples import FIELD_ERROR, ID, REQUEST_ID
from app.docs.schemas.form import TEXT, Json, ref
from app.web.problem_types import PROBLEM_TYPES, TYPE_PREFIX

HEADERS: Mapping[str, Json] = {
    "X-Request-ID": {
        "description": "The id of the request: the client's own if it is valid, else a new one.",
        "required": True,
    },
    "ETag": {
        "description": "The version of the answer (RFC 9110, section 8.8.3). It changes with every change.",
        "required": True,
    },
    "Location": {"description": "The path of the new task, or of the page to see.", "required": True},
    "Link": {
        "description": "The next, previous and first page (RFC 8288). `next` leads to the same page as "
        "`next_cursor`. Left out where it would make the head of the answer longer than 4 KiB. "
        "From `/`, the description, the documentation and the health of the service (RFC 8631)."
    },
    "Search-Suggestion": {
        "description": "Nothing was found for `q`; these percent-encoded words were searched for instead."
    },
    "Cache-Control": {"description": "Who may store the answer, and for how long.", "required": True},
    "Vary": {"description": "The request headers that the answer depends on.", "required": True},
    "Content-Encoding": {
        "description": "`br` or `gzip`, if `Accept-Encoding` allows it and the answer is longer than 1 KiB."
    },
    "Preference-Applied": {"description": "The preferences that were followed (RFC 7240)."},
    "Accept-Patch": {"description": "The media types that PATCH and PUT accept (RFC 5789)."},
    "Accept-Post": {"description": "The media types that POST accepts."},
    "Idempotency-Replayed": {
        "description": "`true` if this is the answer to an earlier request with the same key."
    },
    "WWW-Authenticate": {"description": "What is wrong with the token (RFC 6750).", "required": True},
    "Retry-After": {
        "description": "Seconds to wait before the next try.",
        "required": True,
        "schema": {"type": "integer", "minimum": 0},
    },
    "RateLimit": {"description": "The requests that are left, where the service limits them."},
    "RateLimit-Policy": {
        "description": "The requests allowed in a number of seconds, where the service limits them."
    },
}
_HEADERS_OF_PROBLEMS: Mapping[str, tuple[str, ...]] = {
    "unauthorized": ("WWW-Authenticate",),
    "insufficient-scope": ("WWW-Authenticate",),
    "unsupported-media-type": ("Accept-Patch", "Accept-Post"),
    "too-many-requests": ("Retry-After", "RateLimit", "RateLimit-Policy"),
    "unavailable": ("Retry-After",),
}

# Optional ones have no examples: pages that try operations would send them.
PARAMETERS: Mapping[str, Json] = {
    "id": {
        "name": "id",
        "in": "path",
        "required": True,
        "description": "The id of the task.",
        "schema": {"type": "string", "format": "uuid"},
        "example": ID,
    },
    "pass-id": {
        "name": "id",
        "in": "path",
        "required": True,
        "description": "The id of the pass.",
        "schema": {"type": "string", "format": "uuid"},
        "example": ID,
    },
    "webhook-id": {
        "name": "id",
        "in": "path",
        "required": True,
        "description": "The id of the webhook.",
        "schema": {"type": "string", "format": "uuid"},
        "example": ID,
    },
    "delivery-id": {
        "name": "delivery",
        "in": "path",
        "required": True,
        "description": "The id of the delivery.",
        "schema": {"type": "string", "format": "uuid"},
        "example": ID,
    },
    "If-Match": {
        "name": "If-Match",
        "in": "header",
        "description": 'The `ETag` of the task as you read it, for example `"1767341700250000"`. 412 if the '
        "task has changed since.",
        "schema": TEXT,
    },
    "If-None-Match": {
        "name": "If-None-Match",
        "in": "header",
        "description": "The `ETag` of an earlier answer. 304 if nothing has changed since.",
        "schema": TEXT,
    },
    "If-None-Match-change": {
        "name": "If-None-Match",
        "in": "header",
        "description": "412 if the task has this `ETag`; `*`: any.",
        "schema": TEXT,
    },
    "If-None-Match-any": {
        "name": "If-None-Match",
        "in": "header",
        "description": "`*`: create the task under this id, 412 if you have one with this id. "
        "An `ETag`: 412 if the task has it.",
        "schema": TEXT,
    },
    "Idempotency-Key": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "A new random value for each request, sent again with each retry of it. The same key "
        "with the same request gets the first answer again, and nothing is done twice; 404 if the task of "
        "that answer has been deleted since. Kept for 24 hours.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    },
    "Prefer": {
        "name": "Prefer",
        "in": "header",
        "description": "`handling=lenient`: ignore unknown fields of the body (RFC 7240). "
        "Of several `handling`, the first counts.",
        "schema": TEXT,
    },
    "name": {
        "name": "name",
        "in": "path",
        "required": True,
        "description": "The last part of the problem's `type`.",
        "schema": ref("ProblemTypeName"),
        "example": "validation-error",
    },
}

# Two problem types of one status that one operation can meet.
_TOGETHER = (("request-in-progress", "conflict"),)
# No operation of the document meets it: it is the answer to a method that is not there.
_NEVER = "method-not-allowed"


def refer_to_problems(names: tuple[str, ...]) -> Json:
    """The answers for these problem types, by status, as references."""
    by_status: dict[int, list[str]] = {}
    for name in PROBLEM_TYPES:
        if name in names:
            by_status.setdefault(PROBLEM_TYPES[name].status, []).append(name)
    return {
        str(status): {"$ref": f"#/components/responses/{_response_name(tuple(group))}"}
        for status, group in by_status.items()
    }


def components(schemas: Json) -> Json:
    """The components of the document, with these schemas."""
    groups = (*((name,) for name in PROBLEM_TYPES if name != _NEVER), *_TOGETHER)
    return {
        "securitySchemes": {
            "token": {
                "type": "http",
                "scheme": "bearer",
                "bearerFormat": "JWT",
                "description": "A JWT that identifies you (RFC 6750, RFC 7519), or a pass.",
            }
        },
        "parameters": dict(PARAMETERS),
        "headers": {name: {"schema": TEXT} | header for name, header in HEADERS.items()},
        "responses": {_response_name(group): _problem_response(group) for group in groups},
        "schemas": schemas,
    }


def refer_to_headers(*names: str) -> Json:
    """References to headers of answers."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _response_name(names: tuple[str, ...]) -> str:
    return "Or".join("".join(word.capitalize() for word in name.split("-")) for name in names)


def _problem_response(names: tuple[str, ...]) -> Json:
    # Of two types with one status, each may come without the other's headers.
    own = _HEADERS_OF_PROBLEMS.get(names[0], ()) if len(names) == 1 else ()
    examples = {
        name: {"summary": PROBLEM_TYPES[name].title, "value": _problem_example(name)} for name in names
    }
    return {
        "description": " Or: ".join(f"{PROBLEM_TYPES[name].detail}." for name in names),
        "headers": refer_to_headers("X-Request-ID", "Cache-Control", *own),
        "content": {"application/problem+json": {"schema": ref("Problem"), "examples": examples}},
    }


def _problem_example(name: str) -> Json:
    problem_type = PROBLEM_TYPES[name]
    detail = problem_type.detail
    if name == "validation-error":
        detail = "1 field is not valid: title"
    example: Json = {
        "type": TYPE_PREFIX + name,
        "title": problem_type.title,
        "status": problem_type.status,
        "detail": detail,
        "error": problem_type.title,
        "message": detail,
    }
    if name == "validation-error":
        example["errors"] = [FIELD_ERROR]
    return example | {"request_id": REQUEST_ID}
