-- One pass over each string: what a value contains is never filled in again. The result is built as jsonb, so
-- that no value can change the form of the body.

create or replace function app.fill_template(template jsonb, "values" jsonb) returns jsonb
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  case jsonb_typeof(template)
    when 'string' then
      return to_jsonb((
        select string_agg(
          coalesce("values" ->> substring(part.text[1] from '^\{([a-z_]+)\}$'), part.text[1]), ''
          order by part.place)
        from regexp_matches(template #>> '{}', '\{[a-z_]+\}|[^{]+|\{', 'g')
          with ordinality as part (text, place)));
    when 'array' then
      return coalesce((
        select jsonb_agg(app.fill_template(element.value, "values") order by element.place)
        from jsonb_array_elements(template) with ordinality as element (value, place)), '[]');
    when 'object' then
      return coalesce((
        select jsonb_object_agg(member.key, app.fill_template(member.value, "values"))
        from jsonb_each(template) as member), '{}');
    else
      return template;
  end case;
end $$;

comment on function app.fill_template is
  'The template with each {name} in its strings replaced by the value of that name.';

grant execute on function app.fill_template to task_worker;
