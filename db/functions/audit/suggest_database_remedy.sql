-- Part of suggest_remedy: the database.

create or replace function audit.suggest_database_remedy(expected jsonb, actual jsonb) returns text[]
language sql stable
set search_path = ''
as $$
  select array(
    select case
      when attribute.key = 'encoding' then 'by hand: move the data to a database in UTF8'
      when attribute.key = 'owner' and audit.find_owner() is null
        then 'by hand: make the role that migrates its owner'
      else format('alter database %I %s', current_database(), case attribute.key
        when 'owner' then format('owner to %I', pg_get_userbyid(audit.find_owner()))
        when 'template' then 'is_template false'
        when 'connections' then 'allow_connections true'
        else 'connection limit -1'
      end)
    end
    from jsonb_each(actual) as attribute
    where expected -> attribute.key <> attribute.value)
$$;

comment on function audit.suggest_database_remedy is 'Remedies for the database.';

grant execute on function audit.suggest_database_remedy to task_auditor;
