"""The functions that readiness looks at, from the baselines in ``db/audit``."""

import json
import re
from pathlib import Path
from typing import Any

from app.files import BASELINE, SPREAD_BASELINE

# Readiness looks at these parts; the audit compares the rest too.
_ATTRIBUTES = ("owner", "volatility", "security", "leakproof", "settings", "body", "words")
# What the policies call.
_USER = (
    "app.user_id()",
    "app.present_user()",
    "app.require_user_id()",
    "current_setting(text,boolean)",
    "set_config(text,text,boolean)",
    "texteq(text,text)",
)
# The trigger where the rows are spread over machines.
_GUARD = "app.refuse_other_users()"
# The first superuser of each server has another name.
_FIRST = "the first superuser"


def read_baseline(path: Path = BASELINE) -> list[dict[str, Any]]:
    """The entries of a baseline: kind, name and definition of each object."""
    entries: list[dict[str, Any]] = json.loads(path.read_text().split("$baseline$")[1])
    return entries


def read_spread_baseline() -> list[dict[str, Any]]:
    """The entries for a database that has db/citus/spread.sql."""
    changed = {(entry["kind"], entry["name"]): entry for entry in read_baseline(SPREAD_BASELINE)}
    plain = {(entry["kind"], entry["name"]): entry for entry in read_baseline()}
    return [entry for entry in (plain | changed).values() if "definition" in entry]


def expected_functions() -> dict[str, Any]:
    """The definition that each function of the service must have, by name; None if it need only exist.

    Compared are those that the policies call, those that run with the rights of their owner, and those that
    readiness itself consists of. Below ``spread`` are those that a database with db/citus/spread.sql has in
    addition, or otherwise.
    """
    plain = _expected(read_baseline(), _USER)
    spread = _expected(read_spread_baseline(), (*_USER, _GUARD))
    return {**plain, "spread": {name: spread[name] for name in spread if spread[name] != plain.get(name, "")}}


def _expected(entries: list[dict[str, Any]], exact: tuple[str, ...]) -> dict[str, Any]:
    """``exact``: names of functions that are compared in any case."""
    expected: dict[str, Any] = {}
    privileges = {entry["name"] for entry in entries if entry["kind"] == "privilege"}
    for entry in entries:
        if entry["kind"] != "function":
            continue
        name, definition = entry["name"], entry["definition"]
        if definition.get("owner") == _FIRST and name not in exact:
            continue
        is_callable = f"execute on function {name} for task_api" in privileges
        if (
            definition["security"] == "definer"
            or name in exact
            or (name.startswith("audit.") and is_callable)
        ):
            # Releases print bound bodies differently; their words are the same.
            left_out = "body" if "words" in definition else "words"
            expected[name] = {
                key: definition[key]
                for key in _ATTRIBUTES
                if key in definition and key != left_out and definition[key] != _FIRST
            }
        elif name.startswith(("api.", "spread.")) and is_callable:
            expected[name] = None
    return expected


def worker_functions() -> list[str]:
    """The functions that the worker calls, and those that they call: what task_worker may execute.

    Those of the schema ``spread`` are in a database that has db/citus/spread.sql.
    """
    privilege = re.compile(r"execute on function (.*) for task_worker")
    names = (entry["name"] for entry in read_spread_baseline() if entry["kind"] == "privilege")
    return [match[1] for match in map(privilege.fullmatch, names) if match]
