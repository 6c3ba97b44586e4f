-- Part of count_change.

create or replace function keeper.difference(old app.tasks, new app.tasks, priority text, completed boolean) returns integer
language sql immutable parallel safe
return coalesce((new.priority = $3 and new.completed = $4)::integer, 0)
  - coalesce((old.priority = $3 and old.completed = $4)::integer, 0);

comment on function keeper.difference is 'How many tasks more of this priority and status a change makes: -1, 0 or 1.';
