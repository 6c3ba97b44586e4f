-- Definer, as with the other keepers: the service may not write its user's totals. It acts for the present
-- user only.

create or replace function keeper.take_number(old app.tasks, new app.tasks) returns bigint
language plpgsql volatile security definer
set search_path = ''
as $$
begin
  return keeper.count_change(app.require_user_id(), old, new);
end $$;

comment on function keeper.take_number is
  'Definer, because nobody else may write totals: counts a change of the present user''s task and returns '
  'its number.';

grant execute on function keeper.take_number to task_api;
