-- Totals are kept in the transaction of every change, so that they cost the same for 100 tasks and for
-- 50,000.

create or replace function app.count_tasks(counts app.task_counts, statuses boolean[], priorities text[])
returns integer
language sql immutable parallel safe
return case when false = any(statuses) then
    case when 'High' = any(priorities) then counts.open_high else 0 end
    + case when 'Medium' = any(priorities) then counts.open_medium else 0 end
    + case when 'Low' = any(priorities) then counts.open_low else 0 end
  else 0 end
  + case when true = any(statuses) then
    case when 'High' = any(priorities) then counts.completed_high else 0 end
    + case when 'Medium' = any(priorities) then counts.completed_medium else 0 end
    + case when 'Low' = any(priorities) then counts.completed_low else 0 end
  else 0 end;

comment on function app.count_tasks is
  'How many of the counted tasks have one of the statuses and one of the priorities.';

grant execute on function app.count_tasks to task_api;
