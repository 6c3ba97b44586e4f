"""What an application does with the client of openapi-python-client; run with the service's address and a
token.
"""

import datetime
import sys
from uuid import UUID

from duly_client import AuthenticatedClient
from duly_client.api.recurrence import preview_occurrences
from duly_client.api.tasks import (
    change_tasks,
    create_task,
    delete_task,
    get_task,
    list_tasks,
    put_task,
    toggle_task,
    update_task,
)
from duly_client.models import (
    Batch,
    BatchResults,
    CreateOperation,
    DeleteOperation,
    ListTasksSortBy,
    ListTasksSortOrder,
    ListTasksStatus,
    ListTasksTagsMatch,
    NewTask,
    OccurrenceList,
    OccurrencesPreview,
    Priority,
    Problem,
    ProblemTypeURI,
    Task,
    TaskChange,
    TaskPage,
    Toggle,
    Toggled,
    ToggleOperation,
    UpdateOperation,
)
from duly_client.types import UNSET, Unset


def main(address: str, token: str) -> None:
    client = AuthenticatedClient(address, token)

    # Create: only the title is required.
    created = create_task.sync_detailed(client=client, body=NewTask("Buy milk"))
    task = created.parsed
    assert isinstance(task, Task)
    assert (task.priority, task.due_date, task.tags) == (Priority.MEDIUM, None, [])
    identifier: UUID = task.id
    day = datetime.date(2026, 1, 10)
    for title in "ABCDE":
        body = NewTask(title, description=None, priority=Priority.HIGH, tags=["club"], due_date=day)
        assert isinstance(create_task.sync(client=client, body=body), Task)

    # List with filters.
    filtered = list_tasks.sync(
        client=client,
        status=ListTasksStatus.INCOMPLETE,
        priority=[Priority.HIGH, Priority.LOW],
        tags=["club"],
        tags_match=ListTasksTagsMatch.ALL,
        due_date_from=day,
        due_date_to=day,
        sort_by=ListTasksSortBy.TITLE,
        sort_order=ListTasksSortOrder.DESC,
    )
    assert isinstance(filtered, TaskPage)
    assert ([each.title for each in filtered.items], filtered.total) == (list("EDCBA"), 5)

    # Walk by cursor; the client sends its defaults along (offset=0&tags_match=any), and a filter.
    walked: list[str] = []
    cursor: str | Unset = UNSET
    while True:
        page = list_tasks.sync(
            client=client, tags=["club"], limit=2, offset=UNSET, tags_match=UNSET, cursor=cursor
        )
        assert isinstance(page, TaskPage), page
        walked += [each.title for each in page.items]
        if page.next_cursor is None:
            break
        cursor = page.next_cursor
    assert walked == list("EDCBA"), walked

    # Change with a null, on condition; the second time the condition fails.
    etag = created.headers["etag"]
    moment = datetime.datetime(2026, 2, 1, 8, tzinfo=datetime.UTC)
    change = TaskChange(due_date=moment, description="Two litres")
    changed = update_task.sync(identifier, client=client, body=change, if_match=etag)
    assert isinstance(changed, Task)
    assert changed.due_date == moment
    refused = update_task.sync_detailed(
        identifier, client=client, body=TaskChange(due_date=None), if_match=etag
    )
    assert isinstance(refused.parsed, Problem)
    assert (refused.status_code, refused.parsed.type_) == (412, ProblemTypeURI.PRECONDITION_FAILED)
    cleared = put_task.sync(identifier, client=client, body=TaskChange(due_date=None, tags=None))
    assert isinstance(cleared, Task)
    assert (cleared.due_date, cleared.description) == (None, "Two litres")
    # What was read can be sent back.
    sent_back = put_task.sync(identifier, client=client, body=TaskChange.from_dict(cleared.to_dict()))
    assert isinstance(sent_back, Task)
    assert sent_back.title == "Buy milk"

    # Toggle, with and without a body; a recurring task has a successor.
    toggled = toggle_task.sync(identifier, client=client)
    assert isinstance(toggled, Toggled)
    assert toggled.task.completed
    assert toggled.new_task is None
    due = datetime.datetime(2026, 1, 10, 17, tzinfo=datetime.UTC)
    body = NewTask("Rent", is_recurring=True, recurrence_rule="FREQ=MONTHLY", due_date=due)
    recurring = create_task.sync(client=client, body=body)
    assert isinstance(recurring, Task)
    key = str(recurring.id)
    done = toggle_task.sync(recurring.id, client=client, body=Toggle(completed=True), idempotency_key=key)
    assert isinstance(done, Toggled)
    assert done.new_task
    assert done.new_task.due_date == due.replace(month=2)
    rule = OccurrencesPreview("FREQ=DAILY", due_date=day, limit=2)
    preview = preview_occurrences.sync(client=client, body=rule)
    assert isinstance(preview, OccurrenceList)
    assert len(preview.occurrences) == 2

    # Many at once: all of them, or none with every error's place.
    batch = Batch(
        [
            CreateOperation("create", NewTask("Bread")),
            UpdateOperation("update", identifier, TaskChange(description="Rye")),
            ToggleOperation("toggle", identifier, body=Toggle(completed=False)),
        ]
    )
    results = change_tasks.sync(client=client, body=batch)
    assert isinstance(results, BatchResults), results
    assert [result.status for result in results.results] == [201, 200, 200]
    bread = results.results[0].body
    assert isinstance(bread, Task)
    undone = change_tasks.sync(
        client=client,
        body=Batch([DeleteOperation("delete", bread.id), CreateOperation("create", NewTask(""))]),
    )
    assert isinstance(undone, Problem)
    assert not isinstance(undone.errors, Unset)
    assert undone.errors[0].loc == ["body", "operations", 1, "title"]
    assert isinstance(get_task.sync(bread.id, client=client), Task)

    # All errors of a request at once.
    invalid = create_task.sync_detailed(client=client, body=NewTask("", tags=["a,b"]))
    assert isinstance(invalid.parsed, Problem)
    assert (invalid.status_code, invalid.parsed.type_) == (400, ProblemTypeURI.VALIDATION_ERROR)
    assert not isinstance(invalid.parsed.errors, Unset)
    assert sorted(str(each.loc[1]) for each in invalid.parsed.errors) == ["tags", "title"]

    assert delete_task.sync_detailed(identifier, client=client).status_code == 204
    missing = get_task.sync(identifier, client=client)
    assert isinstance(missing, Problem)
    assert missing.title == "Not Found"


main(*sys.argv[1:])
