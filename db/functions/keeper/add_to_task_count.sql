-- Part of count_task. Each user has rows of its own, so users never wait for each other.

create or replace function keeper.add_to_task_count(user_id text, priority text, open integer, completed integer) returns void
language plpgsql volatile
set search_path = ''
as $$
#variable_conflict use_column
begin
  update app.task_counts as counted
  set open = counted.open + $3, completed = counted.completed + $4, revision = counted.revision + 1
  where counted.user_id = $1 and counted.priority = $2;
  if not found then
    insert into app.task_counts as counted (user_id, priority, open, completed)
    values ($1, $2, $3, $4)
    on conflict (user_id, priority)
    do update set open = counted.open + excluded.open, completed = counted.completed + excluded.completed, revision = counted.revision + 1;
  end if;
end $$;

comment on function keeper.add_to_task_count is 'Changes the numbers of one row of app.task_counts.';
