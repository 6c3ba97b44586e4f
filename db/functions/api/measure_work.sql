-- Called by the worker, for its metrics.

create or replace function api.measure_work() returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  v_queue constant record := porter.measure_queue();
begin
  return jsonb_build_object('waiting', v_queue.waiting, 'oldest', greatest(v_queue.oldest, 0));
end $$;

comment on function api.measure_work is
  'How many deliveries wait, and by how many seconds the oldest work is late. For the worker.';

grant execute on function api.measure_work to task_worker;
