"""The parameters of a query that Python reads itself; those of GET /tasks are read by PostgreSQL."""

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request

from app.web.problems import Invalid, field_error
from app.web.requests import query_parameters


def read_parameters(request: Request, *names: str, limit: int, max_limit: int) -> tuple[int, dict[str, str]]:
    """Return the limit, ``limit`` where there is none, and the other parameters that were given, by name.

    ``names`` are those other parameters. An empty parameter counts as left out: forms send them.

    Raises:
        Invalid: a parameter is unknown, repeated or, for the limit, out of range; all of them are named.
    """
    given: dict[str, str] = {}
    errors: list[dict[str, Any]] = []
    known = [*names, "limit"]
    for name, values in query_parameters(request).items():
        value = values[0].strip()
        if name not in known:
            errors.append(_unknown(name, known))
        elif len(values) > 1:
            errors.append(field_error(["query", name], "must be given once", "repeated_parameter"))
        elif value:
            given[name] = value
    text = given.pop("limit", str(limit))
    if not text.isascii() or not text.isdigit() or len(text) > 9 or not 1 <= int(text) <= max_limit:
        message = f"must be a whole number from 1 to {max_limit}"
        errors.append(field_error(["query", "limit"], message, "number_range"))
    if errors:
        raise Invalid(errors)
    return int(text), given


def _unknown(name: str, known: Sequence[str]) -> dict[str, Any]:
    message = "is not a parameter here; the only one is limit"
    if len(known) > 1:
        message = f"is not a parameter here; the parameters are {', '.join(known[:-1])} and {known[-1]}"
    return field_error(["query", name[:100]], message, "unknown_parameter")
