// What an application does with the client of orval.
import {
  createTask, deleteTask, getTask, listTasks, previewOccurrences, ProblemTypeURI, putTask, toggleTask,
  updateTask,
} from "./client";
import type { NewTask, Task } from "./client";

declare const process: { argv: string[]; exit(status: number): void };
const token = process.argv[3] as string;
const own = { headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" } };

function check(isTrue: boolean, message: string): void {
  if (!isTrue) throw new Error(message);
}

async function create(body: NewTask): Promise<{ task: Task; etag: string }> {
  const answer = await createTask(body, own);
  if (answer.status !== 201) throw new Error(`create: ${answer.status}`);
  return { task: answer.data, etag: answer.headers.get("etag") ?? "" };
}

async function main(): Promise<void> {
  // Create: only the title is required.
  const { task, etag } = await create({ title: "Buy milk" });
  const priority: "High" | "Medium" | "Low" = task.priority;
  check(priority === "Medium" && task.due_date === null && task.tags.length === 0, "create");
  for (const title of ["A", "B", "C", "D", "E"]) {
    await create({ title, priority: "High", tags: ["club"], due_date: "2026-01-10", description: null });
  }
  // @ts-expect-error: a priority is one of three.
  const wrong: NewTask = { title: "Wrong", priority: "Urgent" };
  check(wrong.title === "Wrong", "types");

  // List with filters.
  const filtered = await listTasks(
    {
      status: "incomplete", priority: ["High", "Low"], tags: ["club"], tags_match: "all",
      due_date_from: "2026-01-10", due_date_to: "2026-01-10", sort_by: "title", sort_order: "desc",
    },
    own,
  );
  if (filtered.status !== 200) throw new Error(`filters: ${filtered.status}`);
  const titles = filtered.data.items.map((each) => each.title);
  check(titles.join("") === "EDCBA" && filtered.data.total === 5, `filters: ${titles}`);

  // Walk by cursor; the filters are sent along, as programs do.
  const walked: string[] = [];
  let cursor: string | null | undefined;
  do {
    const page = await listTasks({ tags: ["club"], limit: 2, ...(cursor ? { cursor } : {}) }, own);
    if (page.status !== 200) throw new Error(`walk: ${JSON.stringify(page.data)}`);
    walked.push(...page.data.items.map((each) => each.title));
    cursor = page.data.next_cursor;
  } while (cursor);
  check(walked.join("") === "EDCBA", `walk: ${walked}`);

  // Change with a null, on condition; the second time the condition fails.
  const conditional = { headers: { ...own.headers, "If-Match": etag } };
  const change = { due_date: "2026-02-01T09:00:00+01:00", description: "Two litres" };
  const changed = await updateTask(task.id, change, conditional);
  check(changed.status === 200 && changed.data.due_date === "2026-02-01T08:00:00Z", "patch");
  const refused = await updateTask(task.id, { due_date: null }, conditional);
  check(refused.status === 412 && refused.data.type === ProblemTypeURI.PRECONDITION_FAILED, "412");
  const cleared = await putTask(task.id, { due_date: null, tags: null }, own);
  if (cleared.status !== 200) throw new Error(`null: ${cleared.status}`);
  check(cleared.data.due_date === null && cleared.data.description === "Two litres", "null");
  // What was read can be sent back.
  const read = await getTask(task.id, own);
  if (read.status !== 200) throw new Error("get");
  const sentBack = await putTask(task.id, read.data, own);
  check(sentBack.status === 200 && sentBack.data.title === "Buy milk", "sent back");

  // Toggle; a recurring task has a successor.
  const toggled = await toggleTask(task.id, {}, own);
  check(toggled.status === 200 && toggled.data.task.completed && toggled.data.new_task === null, "toggle");
  const recurring = await create({
    title: "Rent", is_recurring: true, recurrence_rule: "FREQ=MONTHLY", due_date: "2026-01-10T17:00:00Z",
  });
  const done = await toggleTask(recurring.task.id, { completed: true }, own);
  check(done.status === 200 && done.data.new_task?.due_date === "2026-02-10T17:00:00Z", "successor");
  const rule = { recurrence_rule: "FREQ=DAILY", due_date: "2026-01-10", limit: 2 };
  const preview = await previewOccurrences(rule, own);
  check(preview.status === 200 && preview.data.occurrences.length === 2, "occurrences");

  // All errors of a request at once.
  const invalid = await createTask({ title: "", tags: ["a,b"] }, own);
  if (invalid.status !== 400) throw new Error(`400: ${invalid.status}`);
  check(invalid.data.errors?.map((each) => each.loc[1]).sort().join() === "tags,title", "errors");

  const gone = await deleteTask(task.id, own);
  check(gone.status === 204, "delete");
  const missing = await getTask(task.id, own);
  check(missing.status === 404 && missing.data.title === "Not Found", "404");
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
