"""The operations that need no token, in OpenAPI: health, documentation, metrics. Data."""

from typing import Any

from app.docs.examples import HEALTH, READY
from app.docs.index import index_of
from app.docs.operation import PRIVATE, TAGGED, answer, describe_operation, json_answer, typed_answer
from app.settings import Settings
from app.web.problem_types import PROBLEM_TYPES, TYPE_PREFIX

Json = dict[str, Any]

_HTML = {"text/html": {"schema": {"type": "string"}}}
_PROBLEM_TYPE = {
    "type": f"{TYPE_PREFIX}unauthorized",
    "title": PROBLEM_TYPES["unauthorized"].title,
    "status": PROBLEM_TYPES["unauthorized"].status,
    "detail": PROBLEM_TYPES["unauthorized"].detail,
    "about": PROBLEM_TYPES["unauthorized"].about,
}


def paths(settings: Settings) -> Json:
    """The operations by path and method."""
    unchanged = answer("Nothing has changed.", *TAGGED)
    problem_type = json_answer("What the type means, and what to do.", "ProblemType", _PROBLEM_TYPE, *PRIVATE)
    described = {
        "/": {
            "get": describe_operation(
                "get_index",
                "service",
                "The paths of the service",
                "A browser is sent to `/docs`.",
                {
                    200: json_answer("The paths.", "Index", index_of(settings), *PRIVATE, "Link"),
                    303: answer(
                        "See `/docs`; for a request that prefers `text/html`.", *PRIVATE, "Location", "Link"
                    ),
                },
            )
        },
        "/health": {
            "get": describe_operation(
                "get_health",
                "service",
                "Liveness check",
                "Answers without a call of the database.",
                {200: json_answer("The service is alive.", "Health", HEALTH, "Cache-Control")},
            )
        },
        "/health/ready": {
            "get": describe_operation(
                "check_readiness",
                "service",
                "Readiness check",
                "503 with `codes` if the database can't be reached, migrations are pending, or the isolation "
                "of users is not in force. The log of the service has the reasons in full.",
                {200: json_answer("The service is ready.", "Ready", READY, "Cache-Control")},
                problems=("unavailable",),
            )
        },
        "/problems/{name}": {
            "get": describe_operation(
                "get_problem_type",
                "service",
                "Explain a problem type",
                "The `type` of every error is the path of this page. Browsers get HTML.",
                {200: problem_type | {"content": problem_type["content"] | _HTML}},
                problems=("not-found",),
                parameters=("name",),
            )
        },
        "/openapi.json": {
            "get": describe_operation(
                "get_openapi",
                "service",
                "This description, in OpenAPI 3.1",
                "Its operationIds do not change.",
                {
                    200: typed_answer("The document.", "application/json", {"type": "object"}, *TAGGED),
                    304: unchanged,
                },
                problems=("unavailable",),
                parameters=("If-None-Match",),
            )
        },
        "/docs": {
            "get": describe_operation(
                "get_docs",
                "service",
                "This description, as a page to read and try",
                "The page loads nothing from other hosts.",
                {200: typed_answer("The page.", "text/html", {"type": "string"}, *TAGGED), 304: unchanged},
                parameters=("If-None-Match",),
            )
        },
    }
    if settings.metrics:
        numbers = typed_answer("The metrics, as text.", "text/plain", {"type": "string"})
        described["/metrics"] = {
            "get": describe_operation(
                "get_metrics", "service", "Prometheus metrics", "Counted in all workers.", {200: numbers}
            )
        }
    return described
