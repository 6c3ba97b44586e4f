-- app.task_counts.listening has a bit for each type, so that a change of a task knows at once whether anybody
-- waits for it.

create or replace function app.event_bit(type text) returns integer
language sql immutable parallel safe
return case type
  when 'task.created' then 1
  when 'task.updated' then 2
  when 'task.completed' then 4
  when 'task.reopened' then 8
  when 'task.deleted' then 16
  when 'task.reminder' then 32
  else 0
end;

comment on function app.event_bit is 'The bit of a type of event in app.task_counts.listening.';

grant execute on function app.event_bit to task_keeper;
