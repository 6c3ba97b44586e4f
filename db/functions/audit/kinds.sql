-- How dangerous it is that an object of a kind has been added, differs, or is missing. Special cases are in
-- audit.rate.

create or replace view audit.kinds with (security_invoker = true) as
select kinds.kind, kinds.added, kinds.changed, kinds.missing
from (values
  ('role', 'critical', 'critical', 'high'),
  ('membership', 'critical', 'critical', 'medium'),
  ('setting', 'high', 'high', 'medium'),
  ('parameter privilege', 'critical', 'critical', 'medium'),
  ('default privilege', 'high', 'high', 'medium'),
  ('schema', 'high', 'critical', 'high'),
  ('table', 'high', 'critical', 'high'),
  ('view', 'high', 'critical', 'high'),
  ('materialized view', 'critical', 'critical', 'high'),
  ('foreign table', 'critical', 'critical', 'high'),
  ('sequence', 'low', 'high', 'medium'),
  ('composite type', 'low', 'high', 'high'),
  ('column', 'high', 'high', 'high'),
  ('constraint', 'medium', 'high', 'high'),
  ('index', 'low', 'medium', 'medium'),
  ('policy', 'critical', 'critical', 'high'),
  ('trigger', 'critical', 'critical', 'high'),
  ('rule', 'critical', 'critical', 'high'),
  ('statistics', 'low', 'low', 'low'),
  ('function', 'high', 'high', 'high'),
  ('built-in functions', 'critical', 'critical', 'high'),
  ('type', 'low', 'high', 'high'),
  ('domain', 'low', 'high', 'high'),
  ('cast', 'critical', 'critical', 'medium'),
  ('operator', 'high', 'high', 'medium'),
  ('operator class', 'high', 'high', 'medium'),
  ('operator family', 'medium', 'high', 'medium'),
  ('text search configuration', 'medium', 'high', 'high'),
  ('text search dictionary', 'medium', 'high', 'high'),
  ('text search parser', 'medium', 'high', 'high'),
  ('text search template', 'medium', 'high', 'high'),
  ('collation', 'low', 'medium', 'medium'),
  ('conversion', 'high', 'high', 'medium'),
  ('access method', 'high', 'high', 'medium'),
  ('transform', 'high', 'high', 'medium'),
  ('privilege', 'critical', 'critical', 'medium'),
  ('database', 'high', 'high', 'high'),
  ('extension', 'high', 'high', 'high'),
  ('language', 'critical', 'critical', 'medium'),
  ('event trigger', 'critical', 'critical', 'medium'),
  ('publication', 'critical', 'critical', 'medium'),
  ('subscription', 'critical', 'critical', 'medium'),
  ('replication slot', 'critical', 'critical', 'medium'),
  ('foreign data wrapper', 'high', 'high', 'medium'),
  ('foreign server', 'critical', 'critical', 'medium'),
  ('user mapping', 'critical', 'critical', 'medium'),
  ('large objects', 'medium', 'medium', 'medium'),
  ('security label', 'medium', 'medium', 'medium'),
  ('server setting', 'high', 'high', 'medium')
) as kinds (kind, added, changed, missing);

comment on view audit.kinds is
  'How severe it is that an object of a kind was added, differs from the baseline, or is missing.';

grant select on audit.kinds to task_auditor;
