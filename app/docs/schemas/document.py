"""All schemas of the document."""

from collections.abc import Mapping
from typing import Any

from app.docs.schemas.batches import schemas as batches_schemas
from app.docs.schemas.deliveries import schemas as deliveries_schemas
from app.docs.schemas.form import Json
from app.docs.schemas.passes import schemas as passes_schemas
from app.docs.schemas.problems import schemas as problems_schemas
from app.docs.schemas.recurrence import schemas as recurrence_schemas
from app.docs.schemas.service import schemas as service_schemas
from app.docs.schemas.synchronising import schemas as synchronising_schemas
from app.docs.schemas.tasks import schemas as tasks_schemas
from app.docs.schemas.webhooks import schemas as webhooks_schemas
from app.settings import Settings


def describe_schemas(settings: Settings, described: Mapping[str, Any]) -> Json:
    """Each schema by its name, from ``{"fields": […], "faults": […]}`` (api.describe_tasks)."""
    return {
        **tasks_schemas(settings, described["fields"]),
        **batches_schemas(settings),
        **recurrence_schemas(settings, described["fields"]),
        **passes_schemas(settings),
        **webhooks_schemas(settings),
        **deliveries_schemas(),
        **synchronising_schemas(),
        **problems_schemas(described["faults"]),
        **service_schemas(settings),
    }
