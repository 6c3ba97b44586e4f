"""Deleting every trace of a user."""

import json

from app.admin.statement import fetch_value

# Where the rows are on several machines, the twin runs on that of the user.
_FUNCTION = """
  select case when to_regnamespace('spread') is null
    then 'api.forget_user($1)' else 'spread.forget_user($1, false, $1)' end
"""


def forget_user(superuser: str, user: str) -> list[str]:
    """Delete every trace of a user, in one transaction; returns how many rows of each table.

    ``superuser`` is the URL of a role that row-level security does not hold.
    """
    function = fetch_value(superuser, _FUNCTION)
    counts: dict[str, int] = json.loads(fetch_value(superuser, f"select {function}", user))
    return [f"{count:6} {table}" for table, count in counts.items()]
