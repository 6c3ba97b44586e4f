-- PostgreSQL 15 prints more names of tables before columns than later releases do. These names, brackets and
-- white space are left out; and so is the constant of spread.epoch, as in audit.digest_body.
--
-- The names of schemas stay: they have two dots meanwhile. To look ahead for them, (?!app\.), takes longer.

create or replace function audit.digest_words(body text) returns text
language sql immutable
return md5(regexp_replace(
  regexp_replace(
    regexp_replace(
      regexp_replace(
        regexp_replace(
          regexp_replace(digest_words.body, '::(\w+) AS \1\M', '::\1', 'g'),
          '^RETURN ''[0-9a-f]{8}''::text$', 'RETURN an epoch'),
        '\m(app|api|audit|finder|keeper|porter|pg_catalog)\.', '\&.', 'g'),
      '\m[a-z_0-9]+\.(?=[a-z_"])', '', 'g'),
    '\m(app|api|audit|finder|keeper|porter|pg_catalog)\.\.', '\1.', 'g'),
  '[\s()]+', '', 'g'));

comment on function audit.digest_words is
  'A digest of printed SQL that is the same on every release of PostgreSQL.';

grant execute on function audit.digest_words to task_api, task_auditor;
