"""The schemas of the index and of health."""

from app.docs.index import index_of
from app.docs.schemas.form import TEXT, TIME, Json, make_object
from app.settings import Settings


def schemas(settings: Settings) -> Json:
    """The schemas by name."""
    return {
        "Index": make_object("The paths of the service.", dict.fromkeys(index_of(settings), TEXT)),
        "Health": make_object(
            "The service is alive.",
            {"status": {"type": "string", "const": "healthy"}, "timestamp": TIME, "version": TEXT},
        ),
        "Ready": make_object(
            "The service is ready.", {"status": {"type": "string", "const": "ready"}, "version": TEXT}
        ),
    }
