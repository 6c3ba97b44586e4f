"""5,000 reminders of 200 users at once, of whom one has an endpoint that does not answer."""

import time
from collections import Counter

from tests.app.worker.receiver import receiver
from tests.processes import wait_until

USERS = 200
REMINDERS = 5_000
_WEBHOOKS = """
    insert into app.webhooks (user_id, url, events)
    select 'volume ' || number, $1 || case when number = 1 then '/dead' else '/live' end, '{task.reminder}'
    from generate_series(1, $2) as number
"""
_TASKS = """
    insert into app.tasks (user_id, title, reminder_at)
    select 'volume ' || number % $1 + 1, 'Task ' || number, now() + interval '1 day'
    from generate_series(1, $2) as number
"""


def test_thousands_of_reminders_arrive_once_each_beside_a_dead_endpoint(start, owner, capsys):
    with receiver() as here:
        here.answer = lambda request: time.sleep(20) or 204 if request.path == "/dead" else 204
        owner.execute(_WEBHOOKS, here.url, USERS)
        owner.execute(_TASKS, USERS, REMINDERS)
        for table in ("reminders", "task_counts"):
            owner.execute(f"update app.{table} set remind_at = now()")
        begun = time.monotonic()
        for _ in range(2):
            start()
        alive = REMINDERS - REMINDERS // USERS
        wait_until(lambda: sum(request.path == "/live" for request in list(here.received)) >= alive, 300)
        arrivals = [request for request in here.received if request.path == "/live"]
    seconds = max(request.time for request in arrivals) - begun
    assert Counter(Counter(request.id for request in arrivals).values()) == {1: alive}
    titles = {request.event["data"]["title"] for request in arrivals}
    assert len(titles) == alive
    assert owner.value("select count(*) from app.reminders") == 0
    with capsys.disabled():
        print(f"\n{alive} reminders, {alive / seconds:.0f}/s; the last came {seconds:.1f} s late")
