"""The operations on passes, in OpenAPI. Data."""

from typing import Any

from app.docs.examples import CREATED_PASS, NEW_PASS, PASSES
from app.docs.operation import PRIVATE, WITH_BODY, answer, describe_operation, json_answer, json_body
from app.settings import Settings

Json = dict[str, Any]


def paths(settings: Settings) -> Json:
    """The operations by path and method; none where PASSES is false."""
    if not settings.passes:
        return {}
    return {
        "/passes": {
            "get": describe_operation(
                "list_passes",
                "passes",
                "List your passes",
                "Newest first, without their tokens. Expired passes stay until you create another.",
                {200: json_answer("The passes.", "PassList", PASSES, *PRIVATE)},
            ),
            "post": describe_operation(
                "create_pass",
                "passes",
                "Create a pass",
                "The answer has the `token`, which is shown only here. You may have 20 passes; expired ones "
                "do not count. A retry creates another pass: delete the one whose answer was lost.",
                {201: json_answer("The new pass with its token.", "CreatedPass", CREATED_PASS, *PRIVATE)},
                problems=("too-many", *WITH_BODY),
                parameters=("Prefer",),
                body=json_body("NewPass", {"label only": {"label": "Backup"}, "for a year": NEW_PASS}),
            ),
        },
        "/passes/{id}": {
            "delete": describe_operation(
                "delete_pass",
                "passes",
                "Revoke a pass",
                "Its token stops working within 30 seconds.",
                {204: answer("The pass is revoked.", *PRIVATE)},
                problems=("not-found",),
                parameters=("pass-id",),
            )
        },
    }
