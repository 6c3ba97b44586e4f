-- Part of find_task_faults, read_series and create_pass: a table's constraints, tried one by one.

create or replace function app.find_rule_faults("row" anyelement, except_fields text[]) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  v_constraint record;
  v_holds boolean;
  v_faults jsonb := '[]';
begin
  for v_constraint in
    select
      pg_get_expr(rule.conbin, rule.conrelid) as expression,
      obj_description(rule.oid, 'pg_constraint') as comment,
      attribute.attname::text as field
    from pg_constraint as rule
    join pg_attribute as attribute on attribute.attrelid = rule.conrelid and attribute.attnum = rule.conkey[1]
    where rule.conrelid = pg_typeof("row")::text::regclass and rule.contype = 'c'
      and attribute.attname <> all(except_fields)
    order by attribute.attnum
  loop
    execute format('select %s from (select ($1).*) as checked',
      v_constraint.expression) into v_holds using "row";
    if not v_holds then
      v_faults := v_faults || jsonb_build_object(
        'loc', array['body', v_constraint.field],
        'msg', substring(v_constraint.comment from ': (.*)'),
        'type', split_part(v_constraint.comment, ': ', 1));
    end if;
  end loop;
  return v_faults;
end $$;

comment on function app.find_rule_faults is
  'The constraints of its table that the row breaks, but for those of fields that are known to be bad.';

grant execute on function app.find_rule_faults to task_api;
