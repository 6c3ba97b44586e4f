"""The loop of the worker: ask for due work, and do each piece as its own user. Several workers may run.

A reminder that is due becomes a delivery for each webhook, in one transaction. A delivery is claimed for 60
seconds, sent, and finished: no transaction is open while the request runs. If a worker dies, its claims end,
and another one sends again, under the same id.
"""

import asyncio
import json
import logging
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import asyncpg

from app.database.baseline import worker_functions
from app.database.calls import Database
from app.identity import NOBODY, Identity
from app.settings import Settings, SettingsError
from app.web.problems import Unavailable
from app.worker.metrics import Metrics
from app.worker.sender import Message, Outcome, Sender

log = logging.getLogger("duly.worker")

MAX_RUNNING = 100
MAX_FAILING = 50
MAX_OF_USER = 10
MAX_OF_WEBHOOK = 5
"""Requests at once, of a worker: so that a receiver that does not answer delays nobody else. A webhook that
fails gets one at a time, and all of these together get at most half."""

_FOUND = 200
_PAUSE = 1.0
"""Seconds until it asks again where nothing was due."""

_BUSY = 20
_REST = 0.02
"""Seconds until it asks again where fewer than ``_BUSY`` were due."""

Work = Mapping[str, Any]
"""``{"user_id", "kind": "reminder" | "delivery", "id", "webhook_id", "at", "failing"}``, see api.find_work:
where ``id`` is None, nothing is due after all, and the call lets the database note that."""


class Worker:
    """Sends what is due, until it is stopped."""

    def __init__(self, database: Database, sender: Sender, metrics: Metrics) -> None:
        self._database = database
        self._sender = sender
        self._metrics = metrics
        self._running: dict[asyncio.Task[None], Work] = {}
        self._keys: set[tuple[str, str | None]] = set()
        self._of_user: Counter[str] = Counter()
        self._of_webhook: Counter[str] = Counter()
        self._failing = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Work until ``stop`` is set, then end what has been begun."""
        stopping = asyncio.create_task(stop.wait())
        measured = 0.0
        while not stop.is_set():
            if self._metrics.serves and time.monotonic() - measured > 5:
                measured = time.monotonic()
                await self._measure()
            started = 0
            found = await self._find()
            # A quarter, or several workers would all try the same. The rest is found again.
            share = max(_BUSY, len(found) // 4)
            for work in found:
                if started == share:
                    break
                while len(self._running) >= MAX_RUNNING and not stop.is_set():
                    await asyncio.wait({stopping, *self._running}, return_when=asyncio.FIRST_COMPLETED)
                if not stop.is_set():
                    started += self._start(work)
            waiting_for = {stopping, *self._running} if started else {stopping}
            await asyncio.wait(waiting_for, timeout=_PAUSE, return_when=asyncio.FIRST_COMPLETED)
            if started < _BUSY:
                await asyncio.sleep(_REST)
        stopping.cancel()
        if self._running:
            await asyncio.wait(self._running)

    async def _find(self) -> list[Work]:
        """What is due, in random order: several workers then seldom want the same."""
        try:
            found: list[Work] = await self._database.find("find_work", NOBODY, limit=_FOUND)
        except (Unavailable, asyncpg.PostgresError) as error:
            _log_failure("find_work", error)
            return []
        random.shuffle(found)
        return found

    def _start(self, work: Work) -> bool:
        user, webhook, failing = work["user_id"], work["webhook_id"], work["failing"]
        key = user, work["id"]
        if (
            key in self._keys
            or self._of_user[user] >= MAX_OF_USER
            or (webhook and self._of_webhook[webhook] >= (1 if failing else MAX_OF_WEBHOOK))
            or (failing and self._failing >= MAX_FAILING)
        ):
            return False
        task = asyncio.create_task(self._do(work))
        self._running[task] = work
        self._keys.add(key)
        self._of_user[user] += 1
        self._of_webhook[webhook] += 1
        self._failing += failing
        task.add_done_callback(self._end)
        return True

    def _end(self, task: asyncio.Task[None]) -> None:
        work = self._running.pop(task)
        self._keys.discard((work["user_id"], work["id"]))
        self._failing -= work["failing"]
        for counter, name in ((self._of_user, "user_id"), (self._of_webhook, "webhook_id")):
            counter[work[name]] -= 1
            if not counter[work[name]]:
                del counter[work[name]]
        if not task.cancelled() and (error := task.exception()):
            log.error("An unexpected error", exc_info=error)

    async def _do(self, work: Work) -> None:
        user = Identity(work["user_id"], read_only=False)
        try:
            if work["kind"] == "reminder":
                if await self._database.find("fire_reminder", user, id=work["id"], at=work["at"]) is not None:
                    self._metrics.count_reminder()
                return
            await self._deliver(work, user)
        except (Unavailable, asyncpg.PostgresError) as error:
            # It stays due, or its claim ends.
            _log_failure(work["kind"], error)

    async def _deliver(self, work: Work, user: Identity) -> None:
        taken = await self._database.find(
            "take_delivery", user, id=work["id"], at=work["at"], webhook_id=work["webhook_id"]
        )
        if taken is None:
            return
        begun = time.monotonic()
        if taken["body"] is None:
            outcome = Outcome(None, "too large")
        else:
            message = Message(
                user.user_id,
                taken["webhook_id"],
                work["id"],
                taken["url"],
                taken["headers"],
                taken["body"],
                taken["generations"],
            )
            outcome = await self._sender.send(message)
        state = await self._database.find(
            "finish_delivery",
            user,
            id=work["id"],
            attempts=taken["attempts"],
            http_status=outcome.status,
            error=outcome.error,
            retry_after=outcome.retry_after,
        )
        self._metrics.count_attempt(outcome)
        _log_attempt(taken, outcome, state, time.monotonic() - begun)

    async def _measure(self) -> None:
        try:
            found = await self._database.find("measure_work", NOBODY)
        except (Unavailable, asyncpg.PostgresError) as error:
            _log_failure("measure_work", error)
        else:
            self._metrics.set_queue(found["waiting"], found["oldest"])


def _log_attempt(taken: Work, outcome: Outcome, state: str | None, seconds: float) -> None:
    """A line for each attempt. The path of a URL may be a secret, and so may a body."""
    fields = {
        "type": taken["type"],
        "host": urlsplit(taken["url"]).hostname,
        "outcome": outcome.label,
        "status": outcome.status,
        "attempt": taken["attempts"],
        "state": state,
        "ms": round(1000 * seconds, 2),
    }
    log.info(
        "%(type)s to %(host)s %(outcome)s, attempt %(attempt)s, %(ms)s ms", fields, extra={"fields": fields}
    )


def _log_failure(what: str, error: Exception) -> None:
    cause = error.__cause__ or error
    code = getattr(cause, "sqlstate", None) or type(cause).__name__
    log.warning("%s failed: %s", what, code)


def run(settings: Settings) -> int:
    """Work until SIGTERM or SIGINT; returns the exit code. Raises SettingsError without WEBHOOK_KEY."""
    if not settings.webhook_key:
        raise SettingsError("WEBHOOK_KEY is not set: the worker signs with what is derived from it")
    asyncio.run(_run(settings))
    return 0


async def _run(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    watching = asyncio.create_task(_watch_parent(stop))
    metrics = Metrics(settings)
    async with Database(settings) as database, Sender(settings) as sender:
        await check_role(database)
        log.info("The worker has started")
        await Worker(database, sender, metrics).run(stop)
    watching.cancel()


async def check_role(database: Database) -> None:
    """Raise SettingsError where the role lacks a function of the work. The database may also come later."""
    try:
        faults = await database.find("check_worker", NOBODY, functions=json.dumps(worker_functions()))
    except (Unavailable, asyncpg.PostgresError) as error:
        cause = error.__cause__ or error
        if isinstance(cause, asyncpg.InsufficientPrivilegeError):
            raise SettingsError("DATABASE_URL must log in as task_worker, for the worker") from None
        if isinstance(cause, asyncpg.UndefinedFunctionError | asyncpg.InvalidSchemaNameError):
            raise SettingsError("migrations are pending: run duly migrate (make migrate)") from None
        _log_failure("check_worker", error)
    else:
        if faults:
            raise SettingsError("; ".join(faults))


async def _watch_parent(stop: asyncio.Event) -> None:
    """Stop when the process in DULY_PARENT, which started this one, has ended."""
    parent = os.environ.get("DULY_PARENT")
    while parent:
        await asyncio.sleep(1)
        if os.getppid() != int(parent):
            stop.set()
            return
