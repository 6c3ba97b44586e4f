-- For the errors about unknown fields and parameters. Trigrams ignore signs, so tags[] and tag both find
-- tags.

create or replace function app.suggest_name(name text, known text[]) returns text
language sql stable parallel safe
return (
  select candidate
  from unnest(known) as candidate
  where public.similarity(candidate, left(name, 100)) >= 0.3
  order by public.similarity(candidate, left(name, 100)) desc, candidate
  limit 1);

comment on function app.suggest_name is 'The known name nearest to this one; null where none is near.';

grant execute on function app.suggest_name to task_api;
