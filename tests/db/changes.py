"""Changes of a user's tasks in every way, for what is kept beside the tasks by triggers: see
test_task_counts, test_search_entries.
"""

import json
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from hypothesis import strategies as st

from tests.servers import Server
from tests.sql import Session

# What a DBA may write by hand, for the tasks of a user.
_STATEMENTS = [
    "insert into app.tasks (user_id, title) values ($1, 'one')",
    "insert into app.tasks (user_id, title, priority, completed) select $1, 'many', 'High', n % 2 = 0 "
    "from generate_series(1, 5) as n",
    "insert into app.tasks (user_id, title, description, tags) "
    "values ($1, 'Ŝanĝu la aĵon', 'e-mail bob, don''t call', '{home,it''s}')",
    "insert into app.tasks (user_id, id, title) select user_id, id, title from app.tasks where user_id = $1"
    " on conflict (user_id, id) do update set title = 'again', completed = true",
    "update app.tasks set completed = not completed where user_id = $1",
    "update app.tasks set priority = 'Low' where user_id = $1 and completed",
    "update app.tasks set title = title where user_id = $1",
    "update app.tasks set title = title || 'x' where user_id = $1 and char_length(title) < 200",
    "update app.tasks set description = case when description is null then 'new words' end"
    " where user_id = $1",
    "update app.tasks set tags = case when tags = '{}' then '{home,work}' else '{}'::app.tag[] end "
    "where user_id = $1",
    "update app.tasks set id = gen_random_uuid() where user_id = $1",
    "update app.tasks set user_id = $1 || ' heir' where user_id = $1 and priority = 'High'",
    "update app.tasks set user_id = $1, id = gen_random_uuid(), title = 'back', completed = false "
    "where user_id = $1 || ' heir'",
    "with gone as (delete from app.tasks where user_id = $1 "
    "returning user_id, id) insert into app.tasks (user_id, id, title) select *, 'anew' from gone",
    "merge into app.tasks as task using (values (true), (false)) as source (completed) "
    "on task.completed = source.completed and task.user_id = $1"
    " when matched and task.completed then delete when matched then update "
    "set title = 'merged', priority = 'High'"
    " when not matched then insert (user_id, title, completed) values ($1, 'inserted', source.completed)",
    "delete from app.tasks where user_id = $1 and completed",
    "delete from app.tasks where user_id = $1",
]

SCRIPTS = st.lists(st.tuples(st.sampled_from(_STATEMENTS), st.booleans()), max_size=8)
"""Statements, and whether each is committed."""


def play(session: Session, user: str, script: list[tuple[str, bool]]) -> Iterator[None]:
    """Run the script on the user's tasks; what is kept must be true at each step, inside of the
    transaction and after it.
    """
    for statement, commit in script:
        session.execute("begin")
        session.execute(statement, user)
        yield
        session.execute("commit" if commit else "rollback")
        yield


def change_at_once(server: Server, database: str, user: str) -> None:
    """Have several sessions of the service make, change and delete tasks of one user at the same time."""

    def work(seed: int) -> None:
        chance = random.Random(seed)
        session = Session(server.service_url(database))
        session.value("select set_config('app.user_id', $1, false)", user)
        mine: list[str] = []
        for number in range(40):
            if not mine or chance.random() < 0.5:
                body = json.dumps(
                    {"title": f"Task {number}", "priority": chance.choice(["high", "low"]), "tags": ["home"]}
                )
                headers = session.value("select api.create_task($1, null, false, null, null)", body)[1]
                mine.append(headers[3].rpartition("/")[2])
            elif chance.random() < 0.4:
                session.value(
                    "select api.toggle_task($1, '{}', false, null, null, null, null)", chance.choice(mine)
                )
            elif chance.random() < 0.6:
                body = json.dumps({"title": f"Changed {number}", "priority": chance.choice(["high", "low"])})
                session.value(
                    "select api.update_task($1, $2, false, null, null, null)", chance.choice(mine), body
                )
            else:
                session.value("select api.delete_task($1, null, null)", mine.pop(chance.randrange(len(mine))))
        session.close()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(8)))
