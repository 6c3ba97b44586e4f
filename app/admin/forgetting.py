"""Deleting every trace of a user."""

import json

from app.admin.statement import fetch_value


def forget_user(superuser: str, user: str) -> list[str]:
    """Delete every trace of a user, in one transaction; returns how many rows of each table.

    ``superuser`` is the URL of a role that row-level security does not hold.
    """
    counts: dict[str, int] = json.loads(fetch_value(superuser, "select api.forget_user($1)", user))
    return [f"{count:6} {table}" for table, count in counts.items()]
