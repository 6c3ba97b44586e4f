"""Warnings about the database: when an outage begins, once a minute, and when it is over."""

import asyncpg
import pytest

from app.database import outages
from app.database.outages import Outages

LOST = asyncpg.ConnectionDoesNotExistError()
REFUSED = ConnectionRefusedError(111, "Connection refused")


@pytest.fixture
def clock(monkeypatch):
    """The time in seconds, as a list of one number that a test changes."""
    time = [1000.0]
    monkeypatch.setattr(outages, "monotonic", lambda: time[0])
    return time


@pytest.fixture
def told(caplog):
    caplog.set_level("WARNING", "duly.database")
    return lambda: [record.getMessage() for record in caplog.records]


def test_a_reason_is_told_once_a_minute(clock, told):
    outage = Outages("postgresql://task_api:hunter2@db.example:6432/duly")
    for _ in range(130):
        assert outage.begin(REFUSED)
        clock[0] += 1
    assert len(told()) == 3
    assert "db.example:6432: no connection: Connection refused; nothing listens there" in told()[0]
    assert "hunter2" not in "".join(told())


def test_another_reason_is_told_at_once_and_the_two_do_not_take_turns(clock, told):
    outage = Outages("postgresql://task_api@db.example/duly")
    for _ in range(20):
        outage.begin(LOST)
        outage.begin(REFUSED)
    assert len(told()) == 2


def test_the_end_is_told_with_what_it_cost(clock, told):
    outage = Outages("postgresql://task_api@db.example/duly")
    for _ in range(3):
        outage.begin(REFUSED)
        clock[0] += 2
    outage.end()
    assert not outage.lasting
    assert "it answers again, after 6 s; requests answered with 503: 3" in told()[-1]


def test_an_answer_among_errors_is_not_the_end(clock, told):
    outage = Outages("postgresql://task_api@db.example/duly")
    for _ in range(50):
        outage.begin(LOST)
        outage.end()
    assert outage.lasting
    assert len(told()) == 1


def test_a_second_outage_is_told_anew(clock, told):
    outage = Outages("postgresql://task_api@db.example/duly")
    for _ in range(2):
        outage.begin(REFUSED)
        clock[0] += 5
        outage.end()
    assert len(told()) == 4


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.UniqueViolationError(),
        asyncpg.CheckViolationError(),
        asyncpg.DivisionByZeroError(),
        asyncpg.UndefinedColumnError(),
        ValueError(),
    ],
)
def test_an_error_of_a_request_is_no_outage(error, told):
    assert not Outages("postgresql://localhost/x").begin(error)
    assert told() == []


def test_a_missing_function_is_an_outage_only_where_the_call_misses_it(told):
    error = asyncpg.UndefinedFunctionError()
    assert Outages("postgresql://localhost/x").begin(error)
    error.context = "PL/pgSQL function api.create_task() line 3"
    assert not Outages("postgresql://localhost/x").begin(error)
