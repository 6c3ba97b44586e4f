-- The pinned path makes PostgreSQL print every name in the expression with its schema, so that it can be
-- compared. The last form is that of db/citus: Citus takes no sub-select in a policy.

create or replace function audit.describe_rows(expression pg_node_tree, relation oid) returns text
language plpgsql stable
set search_path = ''
as $$
declare
  c_own constant text[] := array[
    '(user_id = ( SELECT app.user_id() AS user_id))', '(user_id = app.user_id())',
    '(user_id = app.present_user())'];
  v_text constant text := pg_get_expr(expression, relation);
begin
  return case
    when v_text = any(c_own) then 'the user''s own rows'
    when v_text = 'true' then 'all rows'
    else 'rows where ' || v_text
  end;
end $$;

comment on function audit.describe_rows is
  'In words, the rows of the table that an expression of a policy lets through.';

grant execute on function audit.describe_rows to task_api, task_auditor;
