-- Roles of Duly, and every role that can look past row-level security or become one that can; their settings.
-- The owner of the database and the first superuser always exist: part 1 of the report speaks of them.

create or replace view audit.role_objects with (security_invoker = true) as
with recursive strong (oid) as (
  select role.oid from pg_catalog.pg_roles as role
  where role.rolname ~ '^(task_(owner|finder|keeper|porter|auditor|api|worker)$|pg_)'
    or role.rolsuper or role.rolbypassrls or role.rolreplication or role.rolcreaterole
  union
  select membership.member from pg_catalog.pg_auth_members as membership
  inner join strong on membership.roleid = strong.oid
)

select
  'role' as kind,
  audit.name_role(role.oid) as name,
  jsonb_build_object(
    'login', role.rolcanlogin and audit.name_role(role.oid) <> 'the database''s owner',
    'superuser', role.rolsuper,
    'bypassrls', role.rolbypassrls,
    'createrole', role.rolcreaterole and audit.name_role(role.oid) <> 'the database''s owner',
    'createdb', role.rolcreatedb and audit.name_role(role.oid) <> 'the database''s owner',
    'replication', role.rolreplication,
    'connection limit', role.rolconnlimit,
    'valid until', nullif(role.rolvaliduntil, 'infinity')::text) as definition
from strong
inner join pg_catalog.pg_roles as role on strong.oid = role.oid
where role.rolname !~ '^pg_' and role.oid <> 10
  and not (role.rolsuper and audit.name_role(role.oid) = 'the database''s owner')

union all

-- The owner of the database may grant itself the roles of Duly: its options are not compared.
select
  'membership',
  format('%s in %s', audit.name_role(membership.member), audit.name_role(membership.roleid)),
  case
    when audit.name_role(membership.member) = 'the database''s owner' then '{}'
    else jsonb_strip_nulls(jsonb_build_object(
      'admin', bool_or(membership.admin_option),
      'inherit', bool_or((to_jsonb(membership) ->> 'inherit_option')::boolean),
      'set', bool_or((to_jsonb(membership) ->> 'set_option')::boolean)))
  end
from pg_catalog.pg_auth_members as membership
inner join strong on membership.roleid = strong.oid
where pg_get_userbyid(membership.member) !~ '^pg_'
group by membership.member, membership.roleid

union all

-- In their precedence: a role's in this database, a role's, this database's, everybody's. Citus copies roles
-- with times in milliseconds, and words in small letters.
select
  'setting',
  format(
    '%s of %s in %s', split_part(pair, '=', 1),
    case setting.setrole when 0 then 'every role' else audit.name_role(setting.setrole) end,
    case setting.setdatabase when 0 then 'every database' else 'this database' end),
  jsonb_build_object('value', case
    when pair ~ '^DateStyle=' then upper(substring(pair from '=(.*)'))
    when pair ~ '_timeout=\d{1,5}0000$' and substring(pair from '\d+$')::integer % 60000 = 0
      then format('%smin', substring(pair from '\d+$')::integer / 60000)
    when pair ~ '_timeout=\d{1,6}000$' then format('%ss', substring(pair from '\d+$')::integer / 1000)
    else substring(pair from '=(.*)')
  end)
from pg_catalog.pg_db_role_setting as setting
cross join unnest(setting.setconfig) as pair
left join pg_catalog.pg_database as database on setting.setdatabase = database.oid
where setting.setdatabase = 0 or database.datname = current_database()

union all

select
  'parameter privilege',
  format('%s on %s for %s', lower(entry.privilege_type), parameter.parname, audit.name_role(entry.grantee)),
  jsonb_build_object('grantable', bool_or(entry.is_grantable))
from pg_catalog.pg_parameter_acl as parameter
cross join aclexplode(parameter.paracl) as entry
where entry.grantee <> 10
group by parameter.parname, entry.privilege_type, entry.grantee

union all

select
  'default privilege',
  format(
    '%s on %s that %s creates%s for %s', lower(entry.privilege_type),
    case defaults.letter
      when 'f' then 'functions'
      when 'T' then 'types'
      when 'r' then 'tables'
      when 'S' then 'sequences'
      when 'n' then 'schemas'
      else 'large objects'
    end,
    audit.name_role(defaults.creator), ' in ' || nullif(defaults.namespace, 0)::regnamespace,
    audit.name_role(entry.grantee)),
  jsonb_build_object('grantable', entry.is_grantable)
from (
  select defaults.defaclrole, defaults.defaclnamespace, defaults.defaclobjtype::text, defaults.defaclacl
  from pg_catalog.pg_default_acl as defaults

  union all

  -- Where nothing was changed, functions and types are born open to public.
  select role.oid, 0, born.letter, born.grants
  from pg_catalog.pg_roles as role
  cross join lateral (values
    ('f', acldefault('f', role.oid)), ('T', acldefault('T', role.oid))
  ) as born (letter, grants)
  where role.rolname ~ '^task_(owner|finder|keeper|porter)$'
    and not exists (
      select from pg_catalog.pg_default_acl as defaults
      where defaults.defaclrole = role.oid and defaults.defaclnamespace = 0
        and defaults.defaclobjtype::text = born.letter)
) as defaults (creator, namespace, letter, grants)
cross join aclexplode(defaults.grants) as entry;

comment on view audit.role_objects is
  'The part of audit.objects about roles: attributes, memberships, settings and default privileges.';

grant select on audit.role_objects to task_auditor;
