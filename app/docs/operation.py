"""One operation of the OpenAPI document, and the parts that it is made of."""

from collections.abc import Mapping
from typing import Any

from app.docs.components import refer_to_headers, refer_to_problems
from app.docs.schemas.form import ref

Json = dict[str, Any]

# The problems that any request can meet, and those that any request with a token can.
_ALWAYS = ("validation-error", "not-acceptable", "request-timeout", "headers-too-large", "internal-error")
_WITH_TOKEN = (*_ALWAYS, "unauthorized", "insufficient-scope", "too-many-requests", "unavailable")
WITH_BODY = ("content-too-large", "unsupported-media-type")
WITH_KEY = ("request-in-progress", "idempotency-key-reused")

PRIVATE = ("Cache-Control", "Vary")
TAGGED = ("ETag", *PRIVATE)


def describe_operation(
    operation_id: str,
    tag: str,
    summary: str,
    description: str,
    answers: Mapping[int, Json],
    *,
    problems: tuple[str, ...] = (),
    parameters: tuple[str | Json, ...] = (),
    body: Json | None = None,
) -> Json:
    """An operation; one tagged ``service`` needs no token. Parameters are names of components, or whole."""
    is_open = tag == "service"
    described: Json = {
        "tags": [tag],
        "summary": summary,
        "description": description,
        "operationId": operation_id,
        "parameters": [
            {"$ref": f"#/components/parameters/{parameter}"} if isinstance(parameter, str) else parameter
            for parameter in parameters
        ],
        "requestBody": body,
        "responses": {str(status): answer for status, answer in answers.items()}
        | refer_to_problems((*problems, *(_ALWAYS if is_open else _WITH_TOKEN))),
        "security": [] if is_open else [{"token": []}],
    }
    return {name: value for name, value in described.items() if value not in (None, []) or name == "security"}


def answer(description: str, *headers: str) -> Json:
    """An answer without a body, with these headers of the components besides X-Request-ID."""
    return {"description": description, "headers": refer_to_headers("X-Request-ID", *headers)}


def typed_answer(description: str, media_type: str, schema: Json, *headers: str) -> Json:
    """An answer of a media type."""
    return answer(description, *headers) | {"content": {media_type: {"schema": schema}}}


def json_answer(description: str, schema: str, example: object, *headers: str) -> Json:
    """An answer in JSON, of a schema of the components."""
    content = {"application/json": {"schema": ref(schema), "example": example}}
    return answer(description, *headers) | {"content": content}


def json_body(schema: str, examples: Mapping[str, object], *, required: bool = True) -> Json:
    """A body in JSON. Other media types are told in words: generators make two functions of two."""
    content = {
        "schema": ref(schema),
        "examples": {name: {"value": value} for name, value in examples.items()},
    }
    return {"required": required, "content": {"application/json": content}}


def query_parameter(name: str, description: str, schema: Json) -> Json:
    """A parameter of the query."""
    return {"name": name, "in": "query", "description": description, "schema": schema}


def limit_parameter(default: int, maximum: int = 100) -> Json:
    """The parameter ``limit``, as the lists have it."""
    schema = {"type": "integer", "minimum": 1, "maximum": maximum, "default": default}
    return query_parameter("limit", "The number of items to return, at most.", schema)
