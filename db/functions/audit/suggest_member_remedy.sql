-- Part of suggest_remedy: what was added to an operator family of PostgreSQL's own.

create or replace function audit.suggest_member_remedy(family text, method text) returns text[]
language sql stable
set search_path = ''
as $$
  select array(
    select format(
      'alter operator family %s using %s drop %s %s (%s, %s)',
      suggest_member_remedy.family, method, member.kind, member.number, member.lefttype::regtype,
      member.righttype::regtype)
    from (
      select
        'operator' as kind, operator.amopfamily as family, operator.amopstrategy as number,
        operator.amoplefttype as lefttype, operator.amoprighttype as righttype, operator.oid
      from pg_catalog.pg_amop as operator
      union all
      select
        'function', routine.amprocfamily, routine.amprocnum, routine.amproclefttype, routine.amprocrighttype,
        routine.oid
      from pg_catalog.pg_amproc as routine
    ) as member
    inner join pg_catalog.pg_opfamily as found on member.family = found.oid
    inner join pg_catalog.pg_am as access on found.opfmethod = access.oid
    where member.oid >= 16384 and access.amname = method
      and format('%s.%I', found.opfnamespace::regnamespace, found.opfname) = suggest_member_remedy.family
    order by member.kind, member.number)
$$;

comment on function audit.suggest_member_remedy is 'Remedies for members of an operator family.';

grant execute on function audit.suggest_member_remedy to task_auditor;
