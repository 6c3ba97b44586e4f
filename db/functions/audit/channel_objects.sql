-- What takes rows elsewhere, or brings them here: replication, and foreign servers.

create or replace view audit.channel_objects with (security_invoker = true) as
select
  'publication' as kind,
  quote_ident(publication.pubname) as name,
  jsonb_build_object(
    'owner', audit.name_role(publication.pubowner),
    'all tables', publication.puballtables,
    'tables', (
      select jsonb_agg(member.prrelid::regclass::text order by member.prrelid::regclass::text)
      from pg_catalog.pg_publication_rel as member
      where member.prpubid = publication.oid),
    'schemas', (
      select jsonb_agg(member.pnnspid::regnamespace::text order by member.pnnspid::regnamespace::text)
      from pg_catalog.pg_publication_namespace as member
      where member.pnpubid = publication.oid)) as definition
from pg_catalog.pg_publication as publication

union all

select
  'subscription',
  quote_ident(subscription.subname),
  jsonb_build_object('owner', audit.name_role(subscription.subowner), 'enabled', subscription.subenabled)
from pg_catalog.pg_subscription as subscription
inner join pg_catalog.pg_database as database
  on subscription.subdbid = database.oid and database.datname = current_database()

union all

select
  'replication slot',
  slot.slot_name::text,
  jsonb_build_object('type', slot.slot_type, 'plugin', slot.plugin)
from pg_catalog.pg_replication_slots as slot
where slot.database is null or slot.database = current_database()

union all

select
  'foreign data wrapper',
  quote_ident(wrapper.fdwname),
  jsonb_build_object('owner', audit.name_role(wrapper.fdwowner))
from pg_catalog.pg_foreign_data_wrapper as wrapper

union all

select
  'foreign server',
  quote_ident(server.srvname),
  jsonb_build_object('owner', audit.name_role(server.srvowner))
from pg_catalog.pg_foreign_server as server

union all

select
  'user mapping',
  format(
    '%s on %I', case mapping.umuser when 0 then 'public' else quote_ident(mapping.usename) end,
    mapping.srvname),
  '{}'
from pg_catalog.pg_user_mappings as mapping;

comment on view audit.channel_objects is
  'The part of audit.objects about replication and foreign servers.';

grant select on audit.channel_objects to task_auditor;
