-- Spreads the rows over machines by user, with Citus. Optional: db/README.md says when, and in which order.
--
--   psql "$COORDINATOR_URL" -X -f db/citus/spread.sql               (make spread)
--
-- as a superuser, on the coordinator, after each migration, each new machine, and each machine that was
-- restored or promoted. Idempotent. It ends with status 3 and the machines on which a statement failed.
--
-- -v plain=1, on a database without Citus: only what is no statement of Citus. The tests run that.

\set ON_ERROR_STOP on
\set QUIET on
\pset pager off
\pset tuples_only on
set client_min_messages = warning;
\o /dev/null
set search_path = '';

select exists (select from pg_extension where extname = 'citus') as citus \gset
\if :citus
-- A trigger may not reach rows of another machine: those of Duly touch rows of the same user.
set citus.enable_unsafe_triggers = on;
-- One connection to each machine, so that a statement sees what the one before has made.
set citus.multi_shard_modify_mode = 'sequential';
\else
\if :{?plain}
\else
do $$
begin
  raise exception 'this database has no extension citus: see db/README.md, beyond one machine';
end $$;
\endif
\endif

begin;

-- Citus takes no sub-select in a policy; and a machine where no user is set must say so.

do $$
declare
  c_user constant text := '( SELECT app.user_id() AS user_id)';
  v_policy record;
begin
  for v_policy in
    select
      policy.polname as name, policy.polrelid::regclass as "table",
      pg_get_expr(policy.polqual, policy.polrelid) as sees,
      pg_get_expr(policy.polwithcheck, policy.polrelid) as writes
    from pg_policy as policy
    where policy.polrelid::regclass::text like 'app.%'
      and position(c_user in concat(
        pg_get_expr(policy.polqual, policy.polrelid),
        pg_get_expr(policy.polwithcheck, policy.polrelid))) > 0
  loop
    execute format(
      'alter policy %I on %s%s%s', v_policy.name, v_policy."table",
      ' using (' || replace(v_policy.sees, c_user, 'app.present_user()') || ')',
      ' with check (' || replace(v_policy.writes, c_user, 'app.present_user()') || ')');
  end loop;
end $$;

-- Citus writes the defaults of an insert down, and so needs the right to, user_id included. The policies and
-- the trigger below guard user_id.

do $$
declare
  v_grant record;
begin
  for v_grant in
    select
      class.oid::regclass as "table", role.name as role,
      string_agg(quote_ident(attribute.attname), ', ' order by attribute.attnum) as columns
    from pg_class as class
    inner join pg_attribute as attribute
      on class.oid = attribute.attrelid and attribute.atthasdef and attribute.attgenerated = ''
    cross join unnest(array['task_api', 'task_worker', 'task_keeper']) as role (name)
    where class.relnamespace = 'app'::regnamespace and class.relkind = 'r'
      and has_any_column_privilege(role.name, class.oid, 'insert')
      and not has_column_privilege(role.name, class.oid, attribute.attnum, 'insert')
    group by class.oid, role.name
  loop
    execute format('grant insert (%s) on %s to %I', v_grant.columns, v_grant."table", v_grant.role);
  end loop;
end $$;

do $$
declare
  v_table regclass;
begin
  for v_table in
    select class.oid
    from pg_class as class
    where class.relnamespace = 'app'::regnamespace and class.relkind = 'r'
      and (has_any_column_privilege('task_api', class.oid, 'insert')
        or has_any_column_privilege('task_worker', class.oid, 'insert'))
      and not exists (
        select from pg_trigger as trigger
        where trigger.tgrelid = class.oid and trigger.tgname = 'refuse_other_users'
          and trigger.tgenabled = 'O' and pg_get_triggerdef(trigger.oid) = format(
            'CREATE TRIGGER refuse_other_users BEFORE INSERT ON %s FOR EACH ROW '
            'WHEN ((CURRENT_USER <> ''task_keeper''::name)) EXECUTE FUNCTION app.refuse_other_users()',
            class.oid::regclass))
  loop
    execute format('drop trigger if exists refuse_other_users on %s', v_table);
    -- task_keeper writes for every user; and no trigger is for those whom policies do not hold.
    execute format(
      'create trigger refuse_other_users before insert on %s for each row '
      'when (current_user <> ''task_keeper'') execute function app.refuse_other_users()',
      v_table);
    execute format(
      'comment on trigger refuse_other_users on %s is %L', v_table,
      'Refuses a row of another user, which an insert … select could write past the policy.');
  end loop;
end $$;

-- A plan is made for the machine that has the user's rows, and so anew at each call.

do $$
declare
  v_function regprocedure;
begin
  for v_function in
    select function.oid
    from pg_proc as function
    where function.pronamespace::regnamespace::text in ('app', 'api', 'finder', 'keeper', 'porter')
      and function.proconfig::text like '%plan_cache_mode%'
  loop
    execute format('alter function %s reset plan_cache_mode', v_function);
  end loop;
end $$;

-- An unlogged table cannot be moved to another machine while it is used.

do $$
begin
  if (select relpersistence from pg_class where oid = 'app.token_buckets'::regclass) = 'u' then
    alter table app.token_buckets set logged;
  end if;
end $$;

-- Whoever truncates app.tasks truncates the other tables with it.

drop trigger if exists tasks_forget on app.tasks;

-- GET /events asks for the numbers of many users at once, which are on several machines.

grant select (user_id, version) on app.task_counts to task_porter;
-- An earlier release made it: a policy of the migrations lets task_porter read the users of the totals.
drop policy if exists task_counts_select_to_watch on app.task_counts;

create or replace function porter.find_versions(users text[]) returns jsonb
language sql stable security definer
set search_path = ''
as $$
  select coalesce(jsonb_object_agg(counts.user_id, counts.version), '{}')
  from app.task_counts as counts
  where counts.user_id = any(users)
$$;
alter function porter.find_versions(text[]) owner to task_porter;
comment on function porter.find_versions is
  'Definer, because the users are on several machines: the number of the last change of each of them.';
revoke execute on function porter.find_versions from public;
grant execute on function porter.find_versions to task_api;

-- The schema spread has a twin of each api function, which takes the user first, and whether the token only
-- reads. The service calls the twins wherever this schema is. Citus runs a twin where its user's rows are,
-- and there it sets the user and calls the api function.

\if :citus
-- The functions bring it to the other machines, and its roles, which a new machine does not have before.
set local citus.enable_ddl_propagation = off;
\endif
create schema if not exists spread authorization task_owner;
comment on schema spread is
  'Twins of the api functions, which run on the machine that has the rows of the user.';
grant usage on schema spread to task_api, task_worker, task_auditor;
\if :citus
set local citus.enable_ddl_propagation = on;
\endif

-- Those go whose function has gone, or has other parameters by now.
do $$
declare
  v_twin regprocedure;
begin
  for v_twin in
    select twin.oid
    from pg_proc as twin
    where twin.pronamespace = 'spread'::regnamespace and twin.proname <> 'epoch'
      and not exists (
        select from pg_proc as function
        where function.pronamespace = 'api'::regnamespace and function.proname = twin.proname
          and pg_get_function_identity_arguments(twin.oid) = concat_ws(
            ', ', 'caller text, read_only boolean',
            nullif(pg_get_function_identity_arguments(function.oid), '')))
  loop
    execute format('drop function %s', v_twin);
  end loop;
end $$;

do $do$
declare
  v_function record;
begin
  for v_function in
    select
      function.oid, function.proname as name, function.prorettype = 'jsonb'::regtype as is_facts,
      (
        select string_agg(
          format('%I %s', function.proargnames[place], format_type(function.proargtypes[place - 1], null))
          || coalesce(' default ' || pg_get_function_arg_default(function.oid, place), ''),
          ', ' order by place)
        from generate_series(1, function.pronargs) as place) as parameters,
      (
        select string_agg('$' || place + 2, ', ' order by place)
        from generate_series(1, function.pronargs) as place) as arguments
    from pg_proc as function
    where function.pronamespace = 'api'::regnamespace
  loop
    execute format(
      $$
        create or replace function spread.%1$I(%2$s)
        returns %3$s
        language plpgsql volatile
        set search_path = ''
        as $function$
        begin
          perform set_config('app.user_id', $1, true);
          if $2 then
            perform set_config('transaction_read_only', 'on', true);
          end if;
          %4$s api.%1$I(%5$s);
        end $function$
      $$,
      v_function.name,
      concat_ws(', ', 'caller text, read_only boolean', v_function.parameters,
        case when not v_function.is_facts
          then 'out status integer, out headers text[], out response text' end),
      case when v_function.is_facts then 'jsonb' else 'record' end,
      case when v_function.is_facts then 'return' else 'select * into status, headers, response from' end,
      v_function.arguments);
    execute format('alter function spread.%I owner to task_owner', v_function.name);
    execute format(
      'comment on function spread.%I is %L', v_function.name,
      format('api.%I, for a user, on the machine that has the user''s rows.', v_function.name));
    execute format('revoke execute on function spread.%I from public', v_function.name);
    if has_function_privilege('task_api', v_function.oid, 'execute') then
      execute format('grant execute on function spread.%I to task_api', v_function.name);
    end if;
    if has_function_privilege('task_worker', v_function.oid, 'execute') then
      execute format('grant execute on function spread.%I to task_worker', v_function.name);
    end if;
  end loop;
end $do$;

create or replace function spread.watch_changes(caller text, read_only boolean, users jsonb) returns jsonb
language plpgsql volatile
set search_path = ''
as $$
declare
  v_users constant text[] := array(select jsonb_array_elements_text(users));
  v_versions constant jsonb := porter.find_versions(v_users);
begin
  return jsonb_build_object('epoch', app.epoch(), 'versions', array(
    select coalesce((v_versions ->> watched.name)::bigint, 0)
    from unnest(v_users) with ordinality as watched (name, place)
    order by watched.place));
end $$;

-- All machines have one history: that of the coordinator, until one of them is restored or promoted.

\if :citus
select left(md5(concat(
    (select system_identifier from pg_control_system()), '/', sum(machine.result::integer - 1))), 8) as epoch
from run_command_on_all_nodes('select timeline_id from pg_control_checkpoint()') as machine \gset
\else
select left(md5(concat(
    (select system_identifier from pg_control_system()), '/', timeline_id - 1)), 8) as epoch
from pg_control_checkpoint() \gset
\endif
select format(
  'create or replace function spread.epoch() returns text language sql immutable parallel safe return %L',
  :'epoch') \gexec
alter function spread.epoch() owner to task_owner;
comment on function spread.epoch is 'The history of the machines that numbers belong to: see app.epoch.';
revoke execute on function spread.epoch from public;
grant execute on function spread.epoch to task_api;

commit;

\if :citus

-- The machines log in to each other as the present role. task_porter asks all of them; task_owner may log in
-- for as long as duly migrate or duly rebalance runs, and where that was killed, it ends here.

alter role task_porter login;
alter role task_owner nologin nobypassrls;
select format('grant connect on database %I to task_porter, task_owner', current_database()) \gexec

-- The tables: each user's rows lie together. app.tasks comes first, and a table after those that it refers
-- to. Rows that are there are copied, for which triggers would count them again: these are set aside, and
-- made again below. Where this was broken off, the next run goes on.

set citus.enable_ddl_propagation = off;
create view pg_temp.tables as
select class.oid, class.relname <> 'tasks' as is_next
from pg_class as class
where class.relnamespace = 'app'::regnamespace and class.relkind = 'r'
  and exists (
    select from pg_attribute as attribute
    where attribute.attrelid = class.oid and attribute.attname = 'user_id')
  and not exists (select from pg_dist_partition as known where known.logicalrelid = class.oid);
reset citus.enable_ddl_propagation;

begin;
create table if not exists spread.triggers (
  "table" text, name text, made text not null, commented text not null, primary key ("table", name)
);
insert into spread.triggers
select
  trigger.tgrelid::regclass, trigger.tgname, pg_get_triggerdef(trigger.oid),
  format(
    'comment on trigger %I on %s is %L', trigger.tgname, trigger.tgrelid::regclass,
    obj_description(trigger.oid, 'pg_trigger'))
from pg_trigger as trigger
where trigger.tgrelid in (select oid from pg_temp.tables) and not trigger.tgisinternal
on conflict do nothing;
select format('drop trigger %I on %s', trigger.tgname, trigger.tgrelid::regclass)
from pg_trigger as trigger
where trigger.tgrelid in (select oid from pg_temp.tables) and not trigger.tgisinternal \gexec
commit;

select format(
  'select create_distributed_table(%L, ''user_id'', colocate_with := %L)',
  oid::regclass, case when is_next then 'app.tasks' else 'none' end)
from pg_temp.tables order by is_next, oid \gexec

-- Each machine can say whether it is ready.

select create_reference_table('public.schema_migrations')
where not exists (
  select from pg_dist_partition as known where known.logicalrelid = 'public.schema_migrations'::regclass);

-- What functions use without PostgreSQL's knowledge, then the functions.

with added as (
  insert into pg_catalog.pg_dist_object (classid, objid, objsubid)
  select used.classid, used.objid, 0
  from (
    select 'pg_extension'::regclass, extension.oid from pg_extension as extension
    where extension.extname in ('unaccent', 'pg_trgm')
    union all
    select 'pg_ts_dict'::regclass, dictionary.oid from pg_ts_dict as dictionary
    where dictionary.dictnamespace = 'app'::regnamespace
    union all
    select 'pg_type'::regclass, type.oid from pg_type as type
    inner join pg_class as class on class.oid = type.typrelid
    where type.typnamespace = 'app'::regnamespace and class.relkind = 'c'
  ) as used (classid, objid)
  where not exists (
    select from pg_catalog.pg_dist_object as known
    where known.classid = used.classid and known.objid = used.objid)
  returning 1
)
select count(*) > 0 as added from added \gset
\if :added
select start_metadata_sync_to_all_nodes();
\endif

-- Migrations make and drop functions here alone. The others drop those that are gone or have another form by
-- now, again and again, until none is left that another depends on.

select $$
  select
    function.oid::regprocedure::text as signature,
    concat(pg_get_function_arguments(function.oid), ' ', pg_get_function_result(function.oid)) as form,
    md5(pg_get_functiondef(function.oid)) as text
  from pg_proc as function
  where function.pronamespace::regnamespace::text
      in ('app', 'api', 'audit', 'finder', 'keeper', 'porter', 'spread')
    and function.prokind = 'f'
$$ as functions \gset

create temporary table ours as :functions;
create temporary table theirs as
select distinct function.signature, function.form, function.text
from run_command_on_workers(
  format('select coalesce(json_agg(function), ''[]'') from (%s) as function', :'functions')) as node
cross join lateral json_to_recordset(node.result::json) as function (signature text, form text, text text)
where node.success;

select run_command_on_workers(format(
  $command$
    do $do$
    declare
      v_function text;
    begin
      set local citus.enable_ddl_propagation = off;
      for pass in 1..5 loop
        foreach v_function in array %L::text[] loop
          begin
            execute format('drop function if exists %%s', v_function);
          exception when dependent_objects_still_exist then
            null;
          end;
        end loop;
      end loop;
    end $do$
  $command$,
  array_agg(theirs.signature)))
from theirs
where not exists (
  select from ours
  where ours.signature = theirs.signature and ours.form = theirs.form)
having count(*) > 0;

-- One by one, so that each finds what the one before has made: those first that are called in SQL. Of the
-- audit, the functions of readiness.
with recursive ours as (
  select
    function.oid, format('%s(', function.oid::regproc) as name,
    case when language.lanname = 'sql'
      then coalesce(pg_get_function_sqlbody(function.oid), function.prosrc) end as body
  from pg_proc as function
  inner join pg_language as language on language.oid = function.prolang
  where function.pronamespace::regnamespace::text in ('app', 'api', 'finder', 'keeper', 'porter', 'spread')
    or function.pronamespace = 'audit'::regnamespace
      and has_function_privilege('task_api', function.oid, 'execute')
),
called as (
  select ours.oid, other.oid as other
  from ours
  inner join ours as other on other.oid <> ours.oid and position(other.name in ours.body) > 0
),
placed as (
  select ours.oid, 0 as place from ours
  union
  select called.oid, placed.place + 1
  from placed
  inner join called on called.other = placed.oid
  where placed.place < 20
)
select format('select create_distributed_function(%L)', placed.oid::regprocedure)
from placed
where not exists (
  select from pg_catalog.pg_dist_object as known
  where known.classid = 'pg_proc'::regclass and known.objid = placed.oid)
group by placed.oid
order by max(placed.place), placed.oid \gexec

begin;
select kept.made, kept.commented
from spread.triggers as kept
where not exists (
  select from pg_trigger as trigger
  where trigger.tgrelid = kept."table"::regclass and trigger.tgname = kept.name) \gexec
drop table spread.triggers;
commit;

-- A twin runs where its user's rows are, but for those that are called without a user, or for many.

select format(
  'select create_distributed_function(%L, ''caller'', colocate_with := ''app.tasks'')',
  function.oid::regprocedure)
from pg_proc as function
where function.pronamespace = 'spread'::regnamespace and function.proargnames[1] = 'caller'
  and function.proname not in (
    'check_readiness', 'describe_tasks', 'find_work', 'measure_work', 'open_pass', 'watch_changes')
  and not exists (
    select from pg_catalog.pg_dist_object as known
    where known.classid = 'pg_proc'::regclass and known.objid = function.oid
      and known.distribution_argument_index is not null) \gexec

-- Citus carries privileges over, but nothing that is taken from public; nor comments, of which errors are
-- made.

create temporary table commands (command text);
insert into commands
select format('revoke all on database %I from public', current_database())
union all
select format('grant connect on database %I to %s', current_database(), role)
from unnest(array['task_api', 'task_worker', 'task_auditor', 'task_porter']) as role
union all
select 'revoke all on schema public from public'
union all
-- What public would have of what the owners make.
select format(
  'alter default privileges for role %I revoke %s on %s from public', pg_get_userbyid(defaults.defaclrole),
  kind.privilege, kind.objects)
from pg_default_acl as defaults
inner join (values
  ('f', 'execute', 'functions'), ('T', 'usage', 'types')
) as kind (letter, privilege, objects) on kind.letter = defaults.defaclobjtype::text
where defaults.defaclnamespace = 0 and pg_get_userbyid(defaults.defaclrole) ~ '^task_'
  and not exists (select from aclexplode(defaults.defaclacl) as entry where entry.grantee = 0)
union all
select format('revoke execute on all functions in schema %s from public', schema)
from unnest(array['app', 'api', 'audit', 'finder', 'keeper', 'porter', 'spread']) as schema
union all
select format('revoke usage on type %s from public', type.oid::regtype)
from pg_type as type
where type.typnamespace = 'app'::regnamespace and type.typtype in ('c', 'd')
  and (type.typrelid = 0 or exists (
    select from pg_class as class where class.oid = type.typrelid and class.relkind = 'c'))
union all
select format('grant usage on type %s to %I', type.oid::regtype, role.rolname)
from pg_type as type
cross join lateral aclexplode(type.typacl) as granted
inner join pg_roles as role on granted.grantee = role.oid
where type.typnamespace = 'app'::regnamespace and granted.grantee <> type.typowner
union all
-- By that of app a service knows the release.
select format(
  'comment on schema %I is %L', namespace.nspname, obj_description(namespace.oid, 'pg_namespace'))
from pg_namespace as namespace
where namespace.nspname in ('app', 'api', 'audit', 'finder', 'keeper', 'porter', 'spread')
  and obj_description(namespace.oid, 'pg_namespace') is not null
union all
select format(
  'comment on column %s.%I is %L', class.oid::regclass, attribute.attname,
  col_description(class.oid, attribute.attnum))
from pg_class as class
inner join pg_attribute as attribute
  on class.oid = attribute.attrelid and attribute.attnum > 0 and not attribute.attisdropped
where class.relnamespace = 'app'::regnamespace and class.relkind in ('r', 'c')
  and col_description(class.oid, attribute.attnum) is not null
union all
select format(
  'comment on constraint %I on %s is %L', rule.conname,
  case
    when rule.contypid <> 0 then 'domain ' || rule.contypid::regtype
    else rule.conrelid::regclass::text end,
  obj_description(rule.oid, 'pg_constraint'))
from pg_constraint as rule
where rule.connamespace = 'app'::regnamespace and obj_description(rule.oid, 'pg_constraint') is not null
union all
select format(
  'comment on function %s is %L', function.oid::regprocedure, obj_description(function.oid, 'pg_proc'))
from pg_proc as function
where function.pronamespace::regnamespace::text
    in ('app', 'api', 'finder', 'keeper', 'porter', 'spread')
  and obj_description(function.oid, 'pg_proc') is not null
union all
-- What a migration has made anew; of what it left alone, each machine has the text. The audit comes below.
select pg_get_functiondef(function.oid)
from pg_proc as function
inner join ours on ours.signature = function.oid::regprocedure::text
inner join theirs using (signature, form)
where theirs.text <> ours.text and function.pronamespace <> 'audit'::regnamespace;

-- The audit of the other machines: no dependency says in which order it can be made, so what lacks another
-- part waits for the next round.
with made as (
  select 0 as place, function.oid, pg_get_functiondef(function.oid) as statement
  from pg_proc as function
  where function.pronamespace = 'audit'::regnamespace
  union all
  select
    0, view.oid,
    format(
      'create or replace view %s with (%s) as %s', view.oid::regclass,
      array_to_string(view.reloptions, ', '), pg_get_viewdef(view.oid))
  from pg_class as view
  where view.relnamespace = 'audit'::regnamespace and view.relkind = 'v'
  union all
  select
    1, object.oid,
    format(
      'alter %1$s %2$s owner to %3$I; revoke all on %4$s %2$s from public; comment on %1$s %2$s is %5$L',
      object.kind, object.name, pg_get_userbyid(object.owner),
      case object.kind when 'view' then 'table' else object.kind end, object.about)
  from (
    select
      function.oid, 'function' as kind, function.oid::regprocedure::text as name, function.proowner as owner,
      obj_description(function.oid, 'pg_proc') as about
    from pg_proc as function
    where function.pronamespace = 'audit'::regnamespace
    union all
    select
      view.oid, 'view', view.oid::regclass::text, view.relowner, obj_description(view.oid, 'pg_class')
    from pg_class as view
    where view.relnamespace = 'audit'::regnamespace and view.relkind = 'v'
  ) as object
  union all
  select
    2, object.oid,
    format(
      'grant %s on %s to %I', granted.privilege_type, object.name, pg_get_userbyid(granted.grantee))
  from (
    select function.oid, format('function %s', function.oid::regprocedure) as name,
      function.proacl as grants, function.proowner as owner
    from pg_proc as function
    where function.pronamespace = 'audit'::regnamespace
    union all
    select view.oid, format('table %s', view.oid::regclass), view.relacl, view.relowner
    from pg_class as view
    where view.relnamespace = 'audit'::regnamespace and view.relkind = 'v'
  ) as object
  cross join aclexplode(object.grants) as granted
  where granted.grantee not in (0, object.owner)
)
insert into commands
select format(
  $command$
    do $audit$
    declare
      v_statements text[] := %L;
      v_left text[];
      v_statement text;
    begin
      set local check_function_bodies = off;
      -- All names first: one view may take others with it.
      foreach v_statement in array array(
        select format('drop view if exists %%s cascade', view.oid::regclass)
        from pg_class as view
        where view.relnamespace = 'audit'::regnamespace and view.relkind = 'v')
      loop
        execute v_statement;
      end loop;
      while cardinality(v_statements) > 0 loop
        v_left := '{}';
        foreach v_statement in array v_statements loop
          begin
            execute v_statement;
          exception when undefined_function or undefined_table then
            v_left := v_left || v_statement;
          end;
        end loop;
        if cardinality(v_left) = cardinality(v_statements) then
          raise exception 'a part of the audit can not be made: %%', v_left[1];
        end if;
        v_statements := v_left;
      end loop;
    end $audit$
  $command$,
  array_agg(made.statement order by made.place, made.oid))
from made;

\o
select format('%s:%s: %s: %s', node.nodename, node.nodeport, commands.command, result.result)
from commands
cross join lateral run_command_on_workers(format(
  'do $do$ begin set local citus.enable_ddl_propagation = off; execute %L; end $do$', commands.command)
) as result
inner join pg_dist_node as node on node.nodename = result.nodename and node.nodeport = result.nodeport
where not result.success;
\endif
