-- The service brings settings of its own with each connection. Behind a pooler those of the role hold; the
-- timeouts and session_replication_role are always those of the server, the database or the role. A frozen
-- database (default_transaction_read_only) and a standby serve reads only: there the service is not ready.

create or replace function audit.find_setting_faults() returns setof text
language sql stable
set search_path = ''
as $$
  select format('%s is %L: it must be %s', wanted.name, current_setting(wanted.name), wanted.value)
  from (values
    ('row_security', '^on$', 'on'),
    ('session_replication_role', '^origin$', 'origin'),
    ('DateStyle', '^ISO', 'ISO'),
    ('TimeZone', '^(UTC|Etc/UTC)$', 'UTC'),
    ('IntervalStyle', '^postgres$', 'postgres'),
    ('default_transaction_read_only', '^off$', 'off'),
    ('transform_null_equals', '^off$', 'off')
  ) as wanted (name, form, value)
  where current_setting(wanted.name) !~ wanted.form

  union all

  select format(
    '%1$s is %2$s: alter role %3$I set %1$s = %4$L, at most %5$s s', bound.name, current_setting(bound.name),
    current_user, bound.usual, bound.most)
  from (values
    ('statement_timeout', '5s', 60),
    ('lock_timeout', '2s', 60),
    ('idle_in_transaction_session_timeout', '10s', 300)
  ) as bound (name, usual, most)
  where current_setting(bound.name)::interval not between interval '1 millisecond'
    and bound.most * interval '1 second'

  union all

  select 'the server is a standby, where nothing can be written: connect to the primary'
  where pg_is_in_recovery()
$$;

comment on function audit.find_setting_faults is
  'The settings of this session that would change answers or let a request last for ever, in sentences.';

grant execute on function audit.find_setting_faults to task_api, task_auditor;
