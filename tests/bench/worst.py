"""The most expensive requests that are let through, one for each bound on what a request may cost."""

import json
import time
from collections.abc import Mapping
from http.client import HTTPConnection
from statistics import median
from urllib.parse import urlencode, urlsplit

ROUNDS = 5

_SIXTY, _HOURS = (",".join(map(str, range(count))) for count in (60, 24))
_EVERY_SECOND = f"FREQ=DAILY;BYHOUR={_HOURS};BYMINUTE={_SIXTY};BYSECOND={_SIXTY}"
_PICKED = f"FREQ=YEARLY;BYHOUR={_HOURS};BYMINUTE={_SIXTY};BYSECOND={_SIXTY};BYSETPOS=-366,366"
_SKIPPING = "FREQ=YEARLY;BYWEEKNO=53,-53,1,-1;BYDAY=MO,SU;INTERVAL=7;BYSETPOS=-1;SKIP=FORWARD"
_MANY = [f"t{number:048}" for number in range(50)]


def _get(**parameters: object) -> tuple[str, str, str]:
    return "GET", f"/tasks?{urlencode(parameters, doseq=True)}", ""


def _post(body: object, path: str = "/tasks") -> tuple[str, str, str]:
    return "POST", path, body if isinstance(body, str) else json.dumps(body)


def _unknown(count: int, value: object = 1) -> dict[str, object]:
    return {f"{number:x<100}": value for number in range(count)}


WORST: Mapping[str, tuple[str, str, str]] = {
    "100 unknown parameters": _get(**_unknown(100, "x" * 400)),
    "12,000 unknown parameters": ("GET", "/tasks?" + "&".join(f"{n:x}" for n in range(12_000)), ""),
    "100 unknown fields": _post(_unknown(99, "x" * 500) | {"title": ""}),
    "7,000 unknown fields": _post("{" + ",".join(f'"{n}":1' for n in range(7_000)) + "}"),
    "200 elements of tags": _post({"title": "x", "tags": (_MANY * 4)[:200]}),
    "10,000 elements of tags": _post({"title": "x", "tags": ["x"] * 10_000}),
    "a title of 64 KiB": _post({"title": "x" * 65_000}),
    "a time of 64 KiB": _post({"title": "x", "due_date": "2026-01-10T17:00:00." + "1" * 65_000}),
    "a zone of 64 KiB": _post({"title": "x", "timezone": "x" * 65_000}),
    "numbers with 131,072 digits": _post('{"title":[' + ",".join(["1e131071"] * 7_000) + "]}"),
    "arrays in arrays": _post('{"title":' + "[" * 3_000 + "]" * 3_000 + "}"),
    "a task of every greatest length": _post(
        {"title": "語" * 200, "description": "語" * 2_000, "tags": _MANY, "priority": "high"}
    ),
    "a batch of 100 rules for every second": _post(
        {
            "operations": [
                {
                    "op": "create",
                    "body": {"title": "x", "recurrence_rule": _EVERY_SECOND, "is_recurring": True},
                }
            ]
            * 100
        },
        "/tasks/batch",
    ),
    "a batch of a mebibyte": _post(
        {
            "operations": [
                {"op": "create", "body": {"title": "語" * 200, "description": "語" * 900, "tags": _MANY}}
            ]
            * 100
        },
        "/tasks/batch",
    ),
    "a rule for every second": _post(
        {"recurrence_rule": _EVERY_SECOND, "timezone": "America/New_York", "limit": 100}, "/occurrences"
    ),
    "a rule that picks from every second": _post(
        {"recurrence_rule": _PICKED, "timezone": "America/New_York", "limit": 100}, "/occurrences"
    ),
    "a rule that comes rarely": _post({"recurrence_rule": _SKIPPING, "limit": 100}, "/occurrences"),
    "a trial of 100 unknown fields": _post(_unknown(100), "/occurrences"),
    "a search for one word of 2,000 letters": _get(q="x" * 2_000),
    "a search for ten words of 190 letters": _get(q=" ".join(f"{n}" * 190 for n in range(10))),
    "a search for 1,000 words": _get(q=" ".join(f"{number:x}"[:1] for number in range(1_000))),
    "a search for 650 Chinese letters": _get(q="".join(chr(0x4E00 + number) for number in range(650))),
    "a search in quotes": _get(q=" ".join('"a b"' for _ in range(300))),
    "50 tags": _get(tags=",".join(_MANY), tags_match="all", sort_by="title"),
    "the last page": _get(offset=999_999_999, limit=100, sort_by="title"),
    "100 tasks by due date": _get(due_date_from="0001-01-01", sort_by="title", sort_order="desc", limit=100),
}
"""Name: method, path, body."""


def measure(url: str, token: str) -> list[tuple[str, int, str, str]]:
    """Send each alone: name, status, median and longest time in milliseconds; the worst one first."""
    address = urlsplit(url)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    measured = []
    for name, (method, path, body) in WORST.items():
        taken, status = [], 0
        for _ in range(ROUNDS):
            connection = HTTPConnection(address.hostname or "", address.port, timeout=60)
            start = time.perf_counter()
            connection.request(method, path, body.encode() or None, headers)
            response = connection.getresponse()
            response.read()
            taken.append(1000 * (time.perf_counter() - start))
            status = response.status
            connection.close()
        measured.append((name, status, median(taken), max(taken)))
    measured.sort(key=lambda each: -each[2])
    return [(name, status, f"{usual:.1f}", f"{longest:.1f}") for name, status, usual, longest in measured]
