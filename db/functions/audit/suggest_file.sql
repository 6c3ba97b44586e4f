-- Part of suggest_remedy: what has a file of its own, which is applied as the owner of what it creates.

create or replace function audit.suggest_file(kind text, name text, expected jsonb) returns text
language sql immutable
return format(
  case
    when name !~ '\.' and kind = 'function'
      then 'by hand: create it as on a new server of this release, as the first superuser'
    when kind = 'function' and (name ~ '^spread\.' or name ~ '^porter\.find_versions\(')
      then 'by hand: make spread, which applies db/citus/spread.sql'
    when kind = 'function' and name ~ '^app\.(require_)?user_id\('
      then 'by hand: as %1$s, create it as in db/migrations/0003_user_id.sql'
    else 'by hand: as %1$s, apply the file of db/functions that creates %2$s'
  end,
  expected ->> 'owner', split_part(name, '(', 1));

comment on function audit.suggest_file is 'Which file creates a function or a view.';

grant execute on function audit.suggest_file to task_auditor;
