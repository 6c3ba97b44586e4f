"""The functions that readiness looks at, from ``db/audit/baseline.sql``."""

import json
import re
from pathlib import Path
from typing import Any

from app.files import BASELINE

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
# The first superuser of each server has another name.
_FIRST = "the first superuser"


def read_baseline(path: Path = BASELINE) -> list[dict[str, Any]]:
    """The entries of a baseline: kind, name and definition of each object."""
    entries: list[dict[str, Any]] = json.loads(path.read_text().split("$baseline$")[1])
    return entries


def expected_functions() -> dict[str, dict[str, Any] | None]:
    """The definition that each function of the service must have, by name; None if it need only exist.

    Compared are those that the policies call, those that run with the rights of their owner, and those that
    readiness itself consists of.
    """
    expected: dict[str, dict[str, Any] | None] = {}
    entries = read_baseline()
    privileges = {entry["name"] for entry in entries if entry["kind"] == "privilege"}
    for entry in entries:
        if entry["kind"] != "function":
            continue
        name, definition = entry["name"], entry["definition"]
        if definition.get("owner") == _FIRST and name not in _USER:
            continue
        is_callable = f"execute on function {name} for task_api" in privileges
        if (
            definition["security"] == "definer"
            or name in _USER
            or (name.startswith("audit.") and is_callable)
        ):
            # Releases print bound bodies differently; their words are the same.
            left_out = "body" if "words" in definition else "words"
            expected[name] = {
                key: definition[key]
                for key in _ATTRIBUTES
                if key in definition and key != left_out and definition[key] != _FIRST
            }
        elif name.startswith("api.") and is_callable:
            expected[name] = None
    return expected


def worker_functions() -> list[str]:
    """The functions that the worker calls, and those that they call: what task_worker may execute."""
    privilege = re.compile(r"execute on function (.*) for task_worker")
    found = (privilege.fullmatch(entry["name"]) for entry in read_baseline() if entry["kind"] == "privilege")
    return [match[1] for match in found if match]
