-- The form of a batch, without its operations. Their number is looked at before any of them.

create or replace function app.check_batch(body jsonb, lenient boolean) returns void
language plpgsql stable
set search_path = ''
as $$
declare
  c_max_operations constant integer := 100;
  v_operations constant jsonb := body -> 'operations';
begin
  perform app.refuse_unknown_fields(body, array['operations'], lenient);
  if v_operations is null then
    perform app.refuse('operations', 'missing', 'is required: an array of 1 to 100 operations');
  elsif jsonb_typeof(v_operations) <> 'array' then
    perform app.refuse('operations', 'array_type', 'must be an array of 1 to 100 operations');
  elsif jsonb_array_length(v_operations) not between 1 and c_max_operations then
    perform app.refuse('operations', 'batch_size', 'must have 1 to 100 operations');
  end if;
end $$;

comment on function app.check_batch is
  'Raises DT400 where the body of a batch is no object with 1 to 100 operations.';

grant execute on function app.check_batch to task_api;
