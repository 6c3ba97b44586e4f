"""An attempt: a receiver can answer anything, and the worker makes an outcome of it."""

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from app.settings import Settings
from app.worker.sender import Message, Outcome, Sender
from tests.app.worker.receiver import receiver
from tests.client import WEBHOOK_KEY

SETTINGS = Settings(
    database_url="postgresql://localhost/none", webhook_key=(WEBHOOK_KEY,), webhook_allow=("127.0.0.0/8",)
)
ID = "018f4e2a-6c1b-4d3e-9f00-2a5b8c7d6e1f"


def send(url, settings=SETTINGS):
    async def run():
        async with Sender(settings) as sender:
            return await sender.send(Message("alice", ID, ID, url, {}, "{}", [1]))

    return asyncio.run(run())


def in_seconds(seconds):
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


MOST = 999_999_999


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("0", 0, 0),
        ("120", 120, 120),
        ("000120", 120, 120),
        ("0" * 5000, 0, 0),
        ("999999999", MOST, MOST),
        ("1000000000", MOST, MOST),
        ("9" * 5000, MOST, MOST),
        ("Fri, 31 Dec 9999 23:59:59 GMT", MOST, MOST),
        ("Fri, 31 Dec 9999 23:59:59 -2359", MOST, MOST),
        ("Mon, 01 Jan 1900 00:00:00 GMT", 0, 0),
        ("Sunday, 06-Nov-94 08:49:37 GMT", 0, 0),
        ("Sun Nov  6 08:49:37 1994", 0, 0),
    ],
)
def test_retry_after_is_seconds_or_a_date(text, least, most):
    with receiver() as here:
        here.answer = lambda request: (503, {"retry-after": text})
        outcome = send(here.url)
    assert (outcome.status, outcome.error) == (503, None)
    assert least <= outcome.retry_after <= most


@pytest.mark.parametrize(("ahead", "least", "most"), [(-86400, 0, 0), (3600, 3000, 3600)])
def test_retry_after_is_a_date_from_now(ahead, least, most):
    with receiver() as here:
        here.answer = lambda request: (503, {"retry-after": in_seconds(ahead)})
        assert least <= send(here.url).retry_after <= most


@pytest.mark.parametrize(
    "text",
    [
        "", "-1", "+1", "1.5", "1e9", "0x10", "soon", "\xb2", "1 2", "1,2", ",", "Wed",
        "Fri, 31 Dec 99999999999999999999 23:59:59 GMT", "Wed, 21 Oct 2015 07:28:00 +99999999999999999999",
        "Wed, 99 Oct 2015 07:28:00 GMT", "Wed, 21 Oct 2015 07:28:99 GMT", "Wed, 21 Oct -2015 07:28:00 GMT",
        "Wed, 21 Oct 99999 07:28:00 GMT",
    ],
)  # fmt: skip
def test_a_retry_after_that_is_neither_counts_for_nothing(text):
    with receiver() as here:
        here.answer = lambda request: (503, {"retry-after": text})
        assert send(here.url) == Outcome(503, None, None)
