-- Called by the worker, before a user is known.

create or replace function api.find_work("limit" integer) returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return coalesce((
    select jsonb_agg(jsonb_build_object(
      'user_id', due.user_id, 'kind', due.kind, 'id', due.id, 'webhook_id', due.webhook_id,
      'at', app.version_of(due.due_at), 'failing', due.failing))
    from porter.find_due("limit") as due), '[]');
end $$;

comment on function api.find_work is
  'The due work of all users: ids, times in microseconds since 1970, and whether the webhook is failing. For '
  'the worker.';

grant execute on function api.find_work to task_worker;
