-- The pinned path makes PostgreSQL print the expression with every name qualified, so that it can be compared. The second
-- form has no sub-select: Citus takes none in a policy.

create or replace function audit.describe_rows(expression pg_node_tree, relation oid) returns text
language plpgsql stable
set search_path = ''
as $$
declare
  v_text constant text := pg_get_expr(expression, relation);
begin
  return case
    when v_text in ('(user_id = ( SELECT app.user_id() AS user_id))', '(user_id = app.user_id())') then 'the user''s own rows'
    when v_text = 'true' then 'all rows'
    else 'rows where ' || v_text
  end;
end $$;

comment on function audit.describe_rows is
  'Which rows of the table an expression of a policy lets through, in words.';

grant execute on function audit.describe_rows to task_api, task_auditor;
