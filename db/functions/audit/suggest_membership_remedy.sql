-- Since PostgreSQL 16 a membership is revoked by the role that granted it, and several may have granted it.

create or replace function audit.suggest_membership_remedy(role oid, holder oid) returns text
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select string_agg(
      format(
        'revoke %I from %I%s cascade',
        pg_get_userbyid(membership.roleid), pg_get_userbyid(membership.member),
        case when current_setting('server_version_num')::integer >= 160000
          then ' granted by ' || quote_ident(pg_get_userbyid(membership.grantor)) end),
      '; ' order by membership.grantor)
    from pg_catalog.pg_auth_members as membership
    where membership.roleid = role and membership.member = holder);
end $$;

comment on function audit.suggest_membership_remedy is 'The statements that end a membership.';

grant execute on function audit.suggest_membership_remedy to task_auditor;
