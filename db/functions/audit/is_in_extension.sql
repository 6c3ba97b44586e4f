-- What an extension brings is listed with the extension: audit.server_objects. By its cost the planner asks
-- it last, which halves the time of an audit.

create or replace function audit.is_in_extension(catalog oid, object oid) returns boolean
language sql stable cost 200
return exists (
  select from pg_catalog.pg_depend as member
  where member.classid = is_in_extension.catalog -- noqa: RF01
    and member.objid = is_in_extension.object -- noqa: RF01
    and member.deptype = 'e');

comment on function audit.is_in_extension is
  'Whether an object, by the catalog that lists it and its number, is a member of an extension.';

grant execute on function audit.is_in_extension to task_auditor;
