-- The access matrix: what each role really can do to its own rows, to another's and with no user, tried in a
-- transaction that is rolled back, against what should be.
--
--   psql "$OWNER_URL" -X -f db/audit/matrix.sql               what is not as it should be
--   psql "$OWNER_URL" -X -v full=1 -f db/audit/matrix.sql     every attempt
--   psql "$OWNER_URL" -X -v json=1 -f db/audit/matrix.sql     every attempt as JSON
--
-- task_auditor can't run it, because it may become no other role. The role that migrates can: within the
-- transaction it makes itself a member of task_api and task_worker. So can task_api, which then tries itself
-- alone. Ends with status 3 where anything is off (1 with -c '\i …').
--
-- With Citus it tries what is on this machine: run it on each worker.

\set ON_ERROR_STOP on
\set QUIET on
\set VERBOSITY terse
\pset pager off
\pset footer off
\pset format aligned
\pset border 1
\pset linestyle ascii
\pset null ''

-- On another machine this session's user is not set, so nothing is tried on one without rows.
select to_regnamespace('spread') is not null
  and exists (select from pg_catalog.pg_extension where extname = 'citus') as citus \gset
\if :citus
select not exists (
  select from pg_catalog.pg_dist_placement as placement
  inner join pg_catalog.pg_dist_local_group as here using (groupid)
  inner join pg_catalog.pg_dist_shard as shard using (shardid)
  where shard.logicalrelid = 'app.tasks'::regclass) as empty \gset
\if :empty
\if :{?json}
\echo '[]'
\else
\echo 'The access matrix: this machine has no rows of users. Run it on each worker of Citus.'
\endif
\q
\endif
\endif

begin;
set local search_path = '';
-- It locks its own rows alone, and gives up rather than make anybody wait.
set local statement_timeout = '30s';
set local lock_timeout = '2s';
do $$
begin
  if current_user <> 'task_api'
    and not (select rolsuper from pg_catalog.pg_roles where rolname = current_user) then
    execute 'grant task_api, task_worker to current_user';
  end if;
exception when insufficient_privilege or undefined_object or read_only_sql_transaction then
  raise exception using message = format(
    'the access matrix needs a role that may become task_api, which %I may not: '
    'connect as the owner of the database', current_user);
end $$;

do $$
declare
  v_me text := 'audit, one ' || gen_random_uuid();
  v_other text := 'audit, another ' || gen_random_uuid();
  v_webhook uuid;
  v_user text;
  v_role text;
  v_serves boolean;
  v_left_out text[] := '{}';
  v_try record;
  v_count bigint;
  v_message text;
  v_may boolean;
  -- With db/citus/spread.sql user_id may be inserted, and a trigger refuses another user's; and where no user
  -- is set, a policy is an error.
  v_is_spread constant boolean := to_regnamespace('spread') is not null;
  v_is_on_citus constant boolean := v_is_spread
    and exists (select from pg_catalog.pg_extension where extname = 'citus');
  -- A user whose rows are on this machine.
  c_user_here constant text :=
    'select candidate.name from (select $1 || gen_random_uuid() from generate_series(1, 1000))'
    ' as candidate (name) where get_shard_id_for_distribution_column(''app.tasks'', candidate.name) in ('
    'select placement.shardid from pg_dist_placement as placement'
    ' inner join pg_dist_local_group as here using (groupid)) limit 1';
  v_outcome text;
  -- An array: what is appended to a jsonb copies all that is there.
  v_tried jsonb[] := '{}';
  v_for_all constant text[] := array[
    'task_finder app.search_entries select',
    'task_keeper app.search_entries select',
    'task_keeper app.search_entries insert',
    'task_keeper app.search_entries update',
    'task_keeper app.search_entries delete',
    'task_keeper app.task_counts select',
    'task_keeper app.task_counts update',
    'task_keeper app.task_counts update of remind_at',
    'task_keeper app.deleted_tasks select',
    'task_keeper app.deleted_tasks insert',
    'task_keeper app.deleted_tasks delete',
    'task_keeper app.webhooks select',
    'task_keeper app.webhooks update of paused',
    'task_keeper app.deliveries insert with user_id',
    'task_keeper app.reminders select',
    'task_keeper app.reminders insert',
    'task_keeper app.reminders delete',
    'task_porter app.task_counts select',
    'task_porter app.webhooks select',
    'task_porter app.reminders select',
    'task_porter app.deliveries select',
    'task_porter app.passes select',
    'task_porter app.passes select of digest'
  ];
  -- It sends what is due to its user: so it reads tasks and changes none.
  v_of_worker constant text[] := array[
    'app.tasks select', 'app.task_counts select', 'app.task_counts update of remind_at',
    'app.webhooks select', 'app.webhooks update of paused',
    'app.deliveries select', 'app.deliveries select of payload', 'app.deliveries insert',
    'app.deliveries update', 'app.deliveries delete', 'app.reminders select', 'app.reminders delete'
  ] || case when to_regnamespace('spread') is not null then array['app.deliveries insert with user_id']
    else '{}' end;
begin
  if v_is_on_citus then
    execute c_user_here into v_me using 'audit, one ';
    execute c_user_here into v_other using 'audit, another ';
  end if;
  set local role task_api;
  foreach v_user in array array[v_me, v_other] loop
    perform set_config('app.user_id', v_user, true);
    for v_try in
      select * from (values
        ('app.tasks', 'insert into app.tasks (title) values (''audit'')'),
        ('app.deleted_tasks', 'insert into app.tasks (title) values (''audit, deleted'')'),
        ('app.deleted_tasks',
          'delete from app.tasks where user_id = %1$L and title = ''audit, deleted'''),
        ('app.idempotency_keys',
          'insert into app.idempotency_keys (key, request, status, headers, body)'
          ' values (''audit'', '''', 200, ''{}'', '''')'),
        ('app.token_buckets', 'insert into app.token_buckets (full_at) values (0)'),
        ('app.passes',
          'insert into app.passes (label, scope, digest, expires_at)'
          ' values (''audit'', ''tasks:read'', sha256(convert_to(app.user_id(), ''UTF8'')),'
          ' now() + interval ''1 hour'')'),
        ('app.webhooks',
          'insert into app.webhooks (url, events) values (''https://localhost'', array[''task.reminder''])'),
        ('app.deliveries',
          'insert into app.deliveries (webhook_id, type, number, payload)'
          ' values (%2$L, ''test'', 0, ''{}'')'),
        ('app.reminders',
          'update app.tasks set reminder_at = now() + interval ''1 hour'' where user_id = %1$L')
      ) as prepared ("table", statement)
    loop
      begin
        select webhook.id into v_webhook from app.webhooks as webhook where webhook.user_id = v_user;
        execute format(v_try.statement, v_user, v_webhook);
      exception when others then
        v_tried := v_tried || jsonb_build_object(
          'role', 'task_api', 'place', 0, 'table', v_try."table", 'command', 'insert, to prepare', 'whose',
            'own row',
          'outcome', format('refused (%s)', sqlstate), 'sound', false);
      end;
    end loop;
  end loop;
  reset role;

  -- Every role of Duly, and every other that logs in. Superusers, roles with BYPASSRLS and those that may
  -- become an owner are in the report.
  foreach v_role in array (
    select array_agg(role.rolname order by role.rolname <> 'task_api', role.rolname !~ '^task_', role.rolname)
    from pg_catalog.pg_roles as role
    where not role.rolsuper and not role.rolbypassrls and role.rolname !~ '^pg_'
      and (
        role.rolcanlogin and not exists (
          select from pg_catalog.pg_roles as other
          where other.rolname ~ '^task_(owner|finder|keeper|porter)$'
            and pg_has_role(role.oid, other.oid, 'member'))
        or role.oid in (select routine.proowner from pg_catalog.pg_proc as routine where routine.prosecdef)
        or role.rolname ~ '^task_(owner|finder|keeper|porter)$'))
  loop
    begin
      execute format('set local role %I', v_role);
    exception when insufficient_privilege then
      v_left_out := v_left_out || v_role;
      continue;
    end;
    v_serves := pg_has_role(v_role, 'task_api', 'usage');
    for v_try in
      -- "own" is what should come of it for task_api. Another's row and no user: nothing, or a refusal.
      select
        tried."table", tried.command, tried.own, tried.statement, whose.whose,
        case whose.whose when 'no user' then '' else v_me end as user_id,
        case whose.whose when 'own row' then v_me else v_other end as row_user_id
      from (values
        (1, 'app.tasks', 'select', 'done', 'select from app.tasks where user_id = %L'),
        (2, 'app.tasks', 'insert', 'done', 'insert into app.tasks (title) values (''audit'')'),
        (3, 'app.tasks', 'insert with user_id', 'refused',
          'insert into app.tasks (user_id, title) values (%L, ''audit'')'),
        (4, 'app.tasks', 'update', 'done', 'update app.tasks set title = ''changed'' where user_id = %L'),
        (5, 'app.tasks', 'update of user_id', 'refused',
          'update app.tasks set user_id = ''somebody'' where user_id = %L'),
        (6, 'app.tasks', 'delete', 'done', 'delete from app.tasks where user_id = %L'),
        (11, 'app.search_entries', 'select', 'refused', 'select from app.search_entries where user_id = %L'),
        (12, 'app.search_entries', 'insert', 'refused',
          'insert into app.search_entries (user_id, id, keys) values (%L, gen_random_uuid(), ''audit'')'),
        (13, 'app.search_entries', 'update', 'refused',
          'update app.search_entries set keys = ''audit'' where user_id = %L'),
        (14, 'app.search_entries', 'delete', 'refused', 'delete from app.search_entries where user_id = %L'),
        (21, 'app.task_counts', 'select', 'done', 'select from app.task_counts where user_id = %L'),
        (22, 'app.task_counts', 'insert', 'refused',
          'insert into app.task_counts (user_id, open_high) values (%L, 1000)'),
        (23, 'app.task_counts', 'update', 'refused',
          'update app.task_counts set open_high = 1000 where user_id = %L'),
        (24, 'app.task_counts', 'update of remind_at', 'refused',
          'update app.task_counts set remind_at = now() where user_id = %L'),
        (25, 'app.task_counts', 'delete', 'refused', 'delete from app.task_counts where user_id = %L'),
        (26, 'app.deleted_tasks', 'select', 'done', 'select from app.deleted_tasks where user_id = %L'),
        (27, 'app.deleted_tasks', 'insert', 'refused',
          'insert into app.deleted_tasks (user_id, version, id) values (%L, 1, gen_random_uuid())'),
        (28, 'app.deleted_tasks', 'update', 'refused',
          'update app.deleted_tasks set version = 1 where user_id = %L'),
        (29, 'app.deleted_tasks', 'delete', 'refused', 'delete from app.deleted_tasks where user_id = %L'),
        (31, 'app.idempotency_keys', 'select', 'done', 'select from app.idempotency_keys where user_id = %L'),
        (32, 'app.idempotency_keys', 'insert', 'done',
          'insert into app.idempotency_keys (key, request, status, headers, body)'
          ' values (''audit 2'', '''', 200, ''{}'', '''')'),
        (33, 'app.idempotency_keys', 'insert with user_id', 'refused',
          'insert into app.idempotency_keys (user_id, key, request, status, headers, body)'
          ' values (%L, ''audit 2'', '''', 200, ''{}'', '''')'),
        (34, 'app.idempotency_keys', 'update', 'refused',
          'update app.idempotency_keys set body = ''changed'' where user_id = %L'),
        (35, 'app.idempotency_keys', 'delete', 'done', 'delete from app.idempotency_keys where user_id = %L'),
        (41, 'app.token_buckets', 'select', 'done', 'select from app.token_buckets where user_id = %L'),
        (42, 'app.token_buckets', 'insert', 'done',
          'insert into app.token_buckets (full_at) values (0)'
          ' on conflict (user_id) do update set full_at = excluded.full_at'),
        (43, 'app.token_buckets', 'insert with user_id', 'refused',
          'insert into app.token_buckets (user_id, full_at) values (%L, 0)'),
        (44, 'app.token_buckets', 'update', 'done',
          'update app.token_buckets set full_at = 0 where user_id = %L'),
        (45, 'app.token_buckets', 'delete', 'refused', 'delete from app.token_buckets where user_id = %L'),
        (51, 'app.passes', 'select', 'done', 'select from app.passes where user_id = %L'),
        (52, 'app.passes', 'select of digest', 'refused', 'select digest from app.passes where user_id = %L'),
        (53, 'app.passes', 'insert', 'done',
          'insert into app.passes (label, scope, digest, expires_at)'
          ' values (''audit'', ''tasks:read'', sha256(''audit''), now() + interval ''1 hour'')'),
        (54, 'app.passes', 'insert with user_id', 'refused',
          'insert into app.passes (user_id, label, scope, digest, expires_at)'
          ' values (%L, ''audit'', ''tasks:read'', sha256(''audit''), now() + interval ''1 hour'')'),
        (55, 'app.passes', 'update', 'refused',
          'update app.passes set scope = ''tasks:write'' where user_id = %L'),
        (56, 'app.passes', 'update of last use', 'done',
          'update app.passes set last_used_on = current_date where user_id = %L'),
        (57, 'app.passes', 'delete', 'done', 'delete from app.passes where user_id = %L'),
        (61, 'app.webhooks', 'select', 'done', 'select from app.webhooks where user_id = %L'),
        (62, 'app.webhooks', 'insert', 'done',
          'insert into app.webhooks (url, events) values (''https://localhost'', array[''task.reminder''])'),
        (63, 'app.webhooks', 'insert with user_id', 'refused',
          'insert into app.webhooks (user_id, url, events)'
          ' values (%L, ''https://localhost'', array[''task.reminder''])'),
        (64, 'app.webhooks', 'update', 'done',
          'update app.webhooks set url = ''https://localhost'' where user_id = %L'),
        (65, 'app.webhooks', 'update of paused', 'done',
          'update app.webhooks set paused = ''gone'' where user_id = %L'),
        (66, 'app.webhooks', 'delete', 'done', 'delete from app.webhooks where user_id = %L'),
        (71, 'app.deliveries', 'select', 'done', 'select from app.deliveries where user_id = %L'),
        (72, 'app.deliveries', 'select of payload', 'done',
          'select payload from app.deliveries where user_id = %L'),
        (73, 'app.deliveries', 'insert', 'done',
          'insert into app.deliveries (webhook_id, type, number, payload)'
          ' select id, ''test'', 0, ''{}'' from app.webhooks where user_id = %L'),
        (74, 'app.deliveries', 'insert with user_id', 'refused',
          'insert into app.deliveries (user_id, webhook_id, type, number, payload)'
          ' select user_id, id, ''test'', 0, ''{}'' from app.webhooks where user_id = %L'),
        (75, 'app.deliveries', 'update', 'done',
          'update app.deliveries set due_at = now() where user_id = %L'),
        (76, 'app.deliveries', 'update of payload', 'refused',
          'update app.deliveries set payload = ''{}'' where user_id = %L'),
        (77, 'app.deliveries', 'delete', 'refused', 'delete from app.deliveries where user_id = %L'),
        (81, 'app.reminders', 'select', 'refused', 'select from app.reminders where user_id = %L'),
        (82, 'app.reminders', 'insert', 'refused',
          'insert into app.reminders (user_id, id, remind_at) values (%L, gen_random_uuid(), now())'),
        (83, 'app.reminders', 'update', 'refused',
          'update app.reminders set remind_at = now() where user_id = %L'),
        (84, 'app.reminders', 'delete', 'refused', 'delete from app.reminders where user_id = %L')
      ) as tried (place, "table", command, own, statement)
      cross join (values (1, 'own row'), (2, 'another''s row'), (3, 'no user')) as whose (place, whose)
      -- A plain insert has no user of its own.
      where not (whose.whose = 'another''s row' and tried.statement !~ '%L')
      order by tried.place, whose.place
    loop
      perform set_config('app.user_id', v_try.user_id, true);
      -- Each attempt is undone before the next, whatever came of it: hence "others".
      begin
        execute format(v_try.statement, v_try.row_user_id);
        get diagnostics v_count = row_count;
        v_outcome := case when v_count > 0 then 'done' else 'nothing' end;
        raise exception using errcode = 'DT000';
      exception
        when sqlstate 'DT000' then null;
        when insufficient_privilege then
          get stacked diagnostics v_message = message_text;
          v_outcome := case
            when v_message = 'a row of another user' then 'refused by the trigger'
            else 'refused' end;
        when serialization_failure then
          get stacked diagnostics v_message = message_text;
          v_outcome := case
            when v_message = 'no user is set on this machine' then 'refused (no user)'
            else 'refused (40001)' end;
        when others then v_outcome := format('refused (%s)', sqlstate);
      end;
      -- Whether the privileges of a role of the service let it try.
      v_may := case
        when v_serves then v_try.own = 'done' or v_is_spread and v_try.command = 'insert with user_id'
        when v_role = 'task_worker'
          then v_try."table" || ' ' || v_try.command = any(v_of_worker)
        else false end;
      v_tried := v_tried || jsonb_build_object(
        'role', v_role, 'place', cardinality(v_tried), 'table', v_try."table",
        'command', v_try.command, 'whose', v_try.whose, 'outcome', v_outcome,
        'sound', case
          -- Of everybody's rows: the search index, the totals, the passes, what is due and what is enqueued.
          when v_role || ' ' || v_try."table" || ' ' || v_try.command = any(v_for_all) then v_outcome = 'done'
          -- It may insert, with any user; here the default is one to whom the webhook may not belong.
          when v_role = 'task_keeper' and v_try."table" = 'app.deliveries' and v_try.command = 'insert'
            then v_outcome <> 'nothing'
          -- Citus refuses this first: a row's user says where it is.
          when v_is_on_citus and v_try.command = 'update of user_id' and v_outcome = 'refused (0A000)'
            then true
          when v_is_on_citus and v_role = 'task_owner' and v_try.whose = 'no user'
            and v_outcome = 'refused (22004)' then true
          -- Where one row is each user's only one, and there already.
          when v_is_spread and v_try."table" || ' ' || v_try.command || ' ' || v_outcome = case
            when v_role = 'task_keeper' then 'app.task_counts insert refused (23505)'
            when v_may and v_try.whose = 'own row'
              then 'app.token_buckets insert with user_id refused (23505)' end
            then true
          when (v_serves or v_role = 'task_worker') and v_try.whose = 'own row'
            then v_outcome = case when v_may then 'done' else 'refused' end
          when v_is_spread and v_may and v_try.whose = 'no user' then v_outcome = 'refused (no user)'
          -- Without a value of its own, an insert … select finds nothing of another's to copy.
          when v_is_spread and v_may and v_try.command = 'insert with user_id'
            then v_outcome in ('refused by the trigger', case
              when v_try."table" = 'app.deliveries' then 'nothing' end)
          when v_role = 'task_auditor' then v_outcome = 'refused'
          -- The trigger comes before the policies, which let task_owner do nothing.
          when v_is_spread and v_role = 'task_owner' and v_try.command ~ '^insert'
            then v_outcome in ('refused', 'refused by the trigger', 'refused (no user)', 'nothing')
          -- Any other error is one of a statement that row-level security let through.
          else v_outcome in ('nothing', 'refused') end);
    end loop;
    reset role;
  end loop;

  -- A table that nobody thought of here is a fault, too.
  v_tried := v_tried || array(
    select jsonb_build_object(
      'role', 'task_api', 'place', 9999, 'table', class.oid::regclass, 'command',
        'not tried: add it to db/audit/matrix.sql',
      'whose', 'own row', 'outcome', '?', 'sound', false)
    from pg_catalog.pg_class as class
    where class.relnamespace = 'app'::regnamespace and class.relkind in ('r', 'p', 'v', 'm', 'f')
      and not exists (
        select from unnest(v_tried) as entry
          where entry ->> 'table' = class.oid::regclass::text));
  perform set_config('audit.matrix', to_jsonb(v_tried)::text, true);
  perform set_config('audit.left_out', array_to_string(v_left_out, ', '), true);
end $$;

\if :{?json}
\pset format unaligned
\pset tuples_only on
select current_setting('audit.matrix');
\pset tuples_only off
\else
\echo THE ACCESS MATRIX
\echo
select count(*) as attempts, count(distinct entry.role) as roles, count(distinct entry."table") as tables,
  count(*) filter (where not entry.sound) as "not as they should be"
from jsonb_to_recordset(current_setting('audit.matrix')::jsonb)
  as entry (role text, "table" text, sound boolean);
\if :{?full}
\echo 'Each role tries each command, with a user set or none. done: it happened; nothing: no row was seen;'
\echo 'refused: an error; -: it can not be tried. With db/citus/spread.sql no user is an error, and a'
\echo 'trigger refuses rows of other users. As it should be: task_api reaches the rows of its'
\echo 'user alone, and with no user none; so does task_worker, and it changes no task; task_owner, under'
\echo 'forced row-level security, sees no row; task_finder, task_keeper and task_porter reach what their'
\echo 'functions need; every other role reaches nothing.'
\set shown true
\else
\set shown false
\endif
select :shown or exists (
  select from jsonb_to_recordset(current_setting('audit.matrix')::jsonb) as entry (sound boolean)
  where not entry.sound) as tables \gset
\if :tables
select
  entry.role, entry."table", entry.command,
  coalesce(max(entry.shown) filter (where entry.whose = 'own row'), '-') as "own row",
  coalesce(max(entry.shown) filter (where entry.whose = 'another''s row'), '-') as "another's row",
  coalesce(max(entry.shown) filter (where entry.whose = 'no user'), '-') as "no user",
  case when bool_and(entry.sound) then 'yes' else 'NO' end as "as it should be"
from (
  select found.*, found.outcome || case when found.sound then '' else ' (!)' end as shown
  from jsonb_to_recordset(current_setting('audit.matrix')::jsonb)
    as found (role text, place integer, "table" text, command text, whose text, outcome text, sound boolean)
) as entry
group by entry.role, entry."table", entry.command
having :shown or not bool_and(entry.sound)
order by entry.role <> 'task_api', entry.role, min(entry.place);
\endif

select current_setting('audit.left_out') as left_out,
  current_setting('audit.left_out') <> '' as leaves_out \gset
\if :leaves_out
\echo 'Not tried, since whoever runs this may not become them: ' :left_out
\endif
\endif

select count(*) = 0 as sound
from jsonb_to_recordset(current_setting('audit.matrix')::jsonb) as entry (sound boolean)
where not entry.sound \gset
rollback;
\if :sound
\if :{?json}
\else
\echo 'Every attempt ended as it should. All of it was rolled back.'
\echo
\endif
\else
\if :{?json}
\else
\echo 'To do: see what the report (db/audit/report.sql) finds off with that table. All of it was rolled back.'
\echo
\endif
do $$
begin
  raise exception 'the access matrix is not as it should be: see what is marked (!)';
end $$;
\endif
