// What an application does with the types of openapi-typescript and the client openapi-fetch.
import createClient from "openapi-fetch";
import type { components, paths } from "./schema";

declare const process: { argv: string[]; exit(status: number): void };
const [baseUrl, token] = process.argv.slice(2) as [string, string];
const client = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${token}` } });

type Task = components["schemas"]["Task"];

function check(isTrue: boolean, message: string): void {
  if (!isTrue) throw new Error(message);
}

async function create(body: components["schemas"]["NewTask"]): Promise<{ task: Task; etag: string }> {
  const { data, response } = await client.POST("/tasks", { body });
  if (!data) throw new Error(`create: ${response.status}`);
  return { task: data, etag: response.headers.get("etag") ?? "" };
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
  const wrong: components["schemas"]["NewTask"] = { title: "Wrong", priority: "Urgent" };
  check(wrong.title === "Wrong", "types");

  // List with filters.
  const filtered = await client.GET("/tasks", {
    params: {
      query: {
        status: "incomplete", priority: ["High", "Low"], tags: ["club"], tags_match: "all",
        due_date_from: "2026-01-10", due_date_to: "2026-01-10", sort_by: "title", sort_order: "desc",
      },
    },
  });
  const titles = filtered.data?.items.map((each) => each.title) ?? [];
  check(titles.join("") === "EDCBA" && filtered.data?.total === 5, `filters: ${titles}`);

  // Walk by cursor; the filters are sent along, as programs do.
  const walked: string[] = [];
  let cursor: string | null | undefined;
  do {
    const page = await client.GET("/tasks", {
      params: { query: { tags: ["club"], limit: 2, ...(cursor ? { cursor } : {}) } },
    });
    if (!page.data) throw new Error(`walk: ${JSON.stringify(page.error)}`);
    walked.push(...page.data.items.map((each) => each.title));
    cursor = page.data.next_cursor;
  } while (cursor);
  check(walked.join("") === "EDCBA", `walk: ${walked}`);

  // Change with a null, on condition; the second time the condition fails.
  const path = { id: task.id };
  const changed = await client.PATCH("/tasks/{id}", {
    params: { path, header: { "If-Match": etag } },
    body: { due_date: "2026-02-01T09:00:00+01:00", description: "Two litres" },
  });
  check(changed.data?.due_date === "2026-02-01T08:00:00Z", "patch");
  const refused = await client.PATCH("/tasks/{id}", {
    params: { path, header: { "If-Match": etag } },
    body: { due_date: null },
  });
  check(refused.response.status === 412 && refused.error?.type === "/problems/precondition-failed", "412");
  const cleared = await client.PUT("/tasks/{id}", { params: { path }, body: { due_date: null, tags: null } });
  check(cleared.data?.due_date === null && cleared.data.description === "Two litres", "null");
  // What was read can be sent back.
  const read = await client.GET("/tasks/{id}", { params: { path } });
  if (!read.data) throw new Error("get");
  const sentBack = await client.PUT("/tasks/{id}", { params: { path }, body: read.data });
  check(sentBack.data?.title === "Buy milk", "sent back");

  // Toggle, without a body and with one; a recurring task has a successor.
  const toggled = await client.POST("/tasks/{id}/toggle", { params: { path } });
  check(toggled.data?.task.completed === true && toggled.data.new_task === null, "toggle");
  const recurring = await create({
    title: "Rent", is_recurring: true, recurrence_rule: "FREQ=MONTHLY", due_date: "2026-01-10T17:00:00Z",
  });
  const done = await client.POST("/tasks/{id}/toggle", {
    params: { path: { id: recurring.task.id }, header: { "Idempotency-Key": recurring.task.id } },
    body: { completed: true },
  });
  check(done.data?.new_task?.due_date === "2026-02-10T17:00:00Z", "successor");
  const preview = await client.POST("/occurrences", {
    body: { recurrence_rule: "FREQ=DAILY", due_date: "2026-01-10", limit: 2 },
  });
  check(preview.data?.occurrences.length === 2, "occurrences");

  // Many at once.
  const batch = await client.POST("/tasks/batch", {
    body: {
      operations: [
        { op: "create", body: { title: "Bread" } },
        { op: "update", id: task.id, body: { description: "Rye" } },
        { op: "toggle", id: task.id, body: { completed: false } },
      ],
    },
  });
  const results = batch.data?.results ?? [];
  check(results.map((each) => each.status).join() === "201,200,200", "batch");
  const undone = await client.POST("/tasks/batch", {
    body: { operations: [{ op: "delete", id: task.id }, { op: "create", body: { title: "" } }] },
  });
  check(undone.error?.errors?.[0]?.loc.join() === "body,operations,1,title", "batch undone");

  // All errors of a request at once.
  const invalid = await client.POST("/tasks", { body: { title: "", tags: ["a,b"] } });
  check(invalid.response.status === 400 && invalid.error?.type === "/problems/validation-error", "400");
  check(invalid.error?.errors?.map((each) => each.loc[1]).sort().join() === "tags,title", "errors");

  const gone = await client.DELETE("/tasks/{id}", { params: { path } });
  check(gone.response.status === 204, "delete");
  const missing = await client.GET("/tasks/{id}", { params: { path } });
  check(missing.response.status === 404 && missing.error?.title === "Not Found", "404");
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
