"""The functions that readiness compares, from ``db/audit/baseline.sql``."""

import json
import re
from pathlib import Path
from typing import Any

_PATH = Path(__file__).parents[2] / "db" / "audit" / "baseline.sql"
# Readiness looks at these parts; the audit compares the rest too.
_ATTRIBUTES = ("owner", "volatility", "security", "leakproof", "settings", "body", "words")
# What the policies call, and what runs with the rights of its owner.
_DIGESTED = re.compile(r"(app\.user_id|app\.require_user_id|audit\.find_\w+|audit\.digest_words)\(")


def read_baseline(path: Path = _PATH) -> list[dict[str, Any]]:
    """The entries of a baseline: kind, name and definition of each object."""
    entries: list[dict[str, Any]] = json.loads(path.read_text().split("$baseline$")[1])
    return entries


def expected_functions() -> dict[str, dict[str, Any] | None]:
    """The definition that each function of the service must have, by name; None if it need only exist."""
    expected: dict[str, dict[str, Any] | None] = {}
    entries = read_baseline()
    privileges = {entry["name"] for entry in entries if entry["kind"] == "privilege"}
    for entry in entries:
        if entry["kind"] != "function":
            continue
        name, definition = entry["name"], entry["definition"]
        if definition.get("security") == "definer" or _DIGESTED.match(name):
            left_out = "body" if "words" in definition else "words"
            expected[name] = {
                key: definition[key] for key in _ATTRIBUTES if key in definition and key != left_out
            }
        elif name.startswith("api.") and f"execute on function {name} for task_api" in privileges:
            expected[name] = None
    return expected
