-- A constant in a union is printed a little otherwise after a restore ('x'::text as text). The body of
-- spread.epoch (db/citus) is one constant, which each cluster has its own of.

create or replace function audit.digest_body(body text) returns text
language sql immutable
return md5(regexp_replace(
  regexp_replace(digest_body.body, '::(\w+) AS \1\M', '::\1', 'g'),
  '^RETURN ''[0-9a-f]{8}''::text$', 'RETURN an epoch'));

comment on function audit.digest_body is 'A digest of printed SQL that is the same after a restore.';

grant execute on function audit.digest_body to task_auditor;
