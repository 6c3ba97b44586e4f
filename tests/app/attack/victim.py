"""Bob, whose every value is known and unmistakable: what of his an attacker could name, and what must
never be read.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Any, NamedTuple

from tests.client import Client


class Names(NamedTuple):
    """What a request may name: of Bob's or, to compare, of nobody's."""

    user: str
    id: str
    etag: str
    list_etag: str
    key: str
    cursor: str
    word: str
    tag: str


NOBODYS = Names(
    user="nobody at all",
    id="0b5e4a57-6d2f-4d0c-8a51-2f8f5b1f0a3c",
    etag='"1700000000000000"',
    list_etag='W/"0123456789abcdef0123456789abcdef"',
    key="a-key-that-nobody-used",
    cursor="eyJpZCI6IG51bGx9.AAAAAAAAAAAAAAAAAAAAAA",
    word="geheimnisffffffff",
    tag="tag geheimnisffffffff",
)
"""The same shapes, and nothing behind them."""


@dataclass(frozen=True)
class Victim:
    names: Names
    client: Client
    ids: list[str]

    def state(self) -> Any:
        """All that Bob sees of his: it must be the same after an attack."""
        page = self.client.get("/tasks", params={"limit": 100})
        each = [self.client.get(f"/tasks/{identifier}") for identifier in self.ids]
        return page.json(), page.headers["etag"], [(task.json(), task.headers["etag"]) for task in each]

    def secrets(self) -> list[str]:
        """What may be read in no answer to anybody else. His word is in each of his texts."""
        return [
            self.names.user,
            self.names.etag.strip('"'),
            self.names.list_etag[3:-1],
            self.names.word,
            *self.ids,
        ]


def make_victim(client: Client, user: str) -> Victim:
    """Give Bob tasks of every kind."""
    word = "geheimnis" + hashlib.sha256(user.encode()).hexdigest()[:8]
    tag = f"tag {word}"
    key = f"key-of-{word}"
    texts = {"title": f"Title {word}", "description": f"Description {word}", "tags": [tag]}
    first = client.post(
        "/tasks", {**texts, "priority": "High", "due_date": "2031-05-05"}, headers={"Idempotency-Key": key}
    )
    assert first.status_code == 201
    recurring = {
        "due_date": "2031-05-05T09:00:00",
        "is_recurring": True,
        "recurrence_rule": "FREQ=DAILY",
        "timezone": "Asia/Tokyo",
    }
    done = client.post(f"/tasks/{client.create(**texts, **recurring)['id']}/toggle").json()
    ids = [first.json()["id"], done["task"]["id"], done["new_task"]["id"]]
    page = client.get("/tasks", params={"limit": 1, "q": word})
    assert page.status_code == 200, page.text
    names = Names(
        user=user, id=ids[0], etag=first.headers["etag"], list_etag=page.headers["etag"], key=key,
        cursor=page.json()["next_cursor"], word=word, tag=tag,
    )  # fmt: skip
    return Victim(names, client, ids)


_PASSING = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32}|\d{16}|"
    r"\d{4}-\d\d-\d\dT[\d:.]+Z|"
    r"duly_[0-9A-Za-z]{43}|whsec_[0-9A-Za-z+/]{43}=|[\w-]{40,}\.[\w-]{22}|(?<=content-length: )\d+"
)


def without_names(text: str, names: Names, user: str) -> str:
    """A text with what was named, and what is new each time, taken out: ids, versions, times, cursors."""
    # The longest first: one may stand in another.
    for field, name in sorted(names._asdict().items(), key=lambda item: -len(item[1])):
        for spelling in (name, name.replace(" ", "+"), name.replace('"', '\\"')):
            text = text.replace(spelling, f"<{field}>")
    return _PASSING.sub("<new>", text.replace(user, "<me>"))
