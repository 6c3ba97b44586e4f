"""The schemas of passes."""

from app.docs.schemas.form import NOT_BLANK, NULL, TIME, UUID, Json, make_body, make_list, make_object
from app.settings import Settings

_SCOPES = ("tasks:read", "tasks:write")
_PASS: Json = {
    "id": UUID,
    "label": {"type": "string", "description": "What the pass is for."},
    "scope": {
        "type": "string",
        "enum": [*_SCOPES],
        "description": "`tasks:read` allows reading only; `tasks:write` everything that is done with tasks.",
    },
    "created_at": TIME,
    "expires_at": TIME | {"description": "When the pass stops working."},
    "last_used_on": {
        "anyOf": [{"type": "string", "format": "date"}, NULL],
        "description": "The day, in UTC, of the last request with this pass; null if there was none.",
    },
}


def schemas(settings: Settings) -> Json:
    """The schemas by name."""
    return {
        "NewPass": make_body(
            settings,
            "A pass to create. Only `label` is required.",
            {
                "label": {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": 100,
                    "pattern": NOT_BLANK,
                    "description": "What the pass is for. White space at both ends is trimmed.",
                },
                "scope": {
                    "type": ["string", "null"],
                    "enum": [*_SCOPES, None],
                    "description": "What the pass allows; `tasks:read` if it is left out.",
                },
                "expires_at": {
                    "anyOf": [{"type": "string", "format": "date-time"}, NULL],
                    "description": "When the pass stops working, at most 366 days ahead. In 90 days if it is "
                    "left out.",
                },
            },
            "label",
        ),
        "Pass": make_object("A pass, without its token.", _PASS),
        "CreatedPass": make_object(
            "A new pass with its token.",
            {
                **_PASS,
                "token": {
                    "type": "string",
                    "pattern": "^duly_[0-9A-Za-z]{43}$",
                    "description": "Send it as `Authorization: Bearer …`. It is shown only in this answer; "
                    "the service keeps a digest.",
                },
            },
        ),
        "PassList": make_list("The passes of a user.", "Pass", 20),
    }
