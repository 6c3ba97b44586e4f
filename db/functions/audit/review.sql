-- The rules (audit.faults) and the differences from the baseline, together. An accepted fault is known by its
-- id, which changes with what was found: after another change it is not accepted any more.
--
-- To plan, audit.compare too, is a third of the work: a session does it once.

create or replace function audit.review(baseline jsonb, accepted jsonb)
returns table (id text, severity text, fault text, remedy text, accepted_by text, accepted_because text)
language plpgsql stable
set search_path = ''
set plan_cache_mode = force_generic_plan
as $$
begin
  return query
  with found as (
    select
      format('rule-%s:%s', rule.part, left(md5(rule.fault), 8)) as id,
      case
        when rule.fault ~ ' has no \w*timeout' then 'medium'
        when rule.part in ('roles', 'tables', 'shards') or rule.fault ~ '^public ' then 'critical'
        else 'high'
      end as severity,
      rule.fault, rule.remedy
    from audit.faults as rule

    union all

    select difference.id, difference.severity, difference.fault, difference.remedy
    from audit.compare(baseline) as difference
  )

  select found.id, found.severity, found.fault, found.remedy, entry ->> 'name', entry ->> 'reason'
  from found
  left join jsonb_array_elements(accepted) as entry on entry ->> 'id' = found.id
  order by
    entry is not null, array_position(array['critical', 'high', 'medium', 'low'], found.severity), found.id;
end $$;

comment on function audit.review is
  'All faults, by the rules and by the baseline; the more dangerous first, the accepted ones last.';

grant execute on function audit.review to task_auditor;
