"""What the catalog says of the schemas of Duly, as rows that can be compared."""

from tests.sql import Session

_OURS = "('app', 'api', 'audit', 'finder', 'keeper', 'porter')"

_OBJECTS = f"""
  select 'table', class.oid::regclass::text || ' ' || class.relkind::text || ' '
    || pg_get_userbyid(class.relowner) || ' '
    || class.relrowsecurity || class.relforcerowsecurity || ' '
    -- MAINTAIN, since PostgreSQL 17, is the owner's
    || replace(coalesce(class.relacl::text, ''), 'Dxtm', 'Dxt')
  from pg_class as class where class.relnamespace::regnamespace::text in {_OURS}
  union all
  select 'column', attribute.attrelid::regclass || '.' || attribute.attname || ' '
    || coalesce(attribute.attacl::text, '')
  from pg_attribute as attribute
  inner join pg_class as class on attribute.attrelid = class.oid
  where class.relnamespace::regnamespace::text in {_OURS} and attribute.attnum > 0
    and not attribute.attisdropped
  union all
  select 'policy', policy.polrelid::regclass || ' ' || policy.polname || ' '
    || array(select role::regrole::text from unnest(policy.polroles) as role order by 1)::text || ' '
    || coalesce(pg_get_expr(policy.polqual, policy.polrelid), '') || ' '
    || coalesce(pg_get_expr(policy.polwithcheck, policy.polrelid), '')
  from pg_policy as policy
  union all
  select 'function', function.oid::regprocedure || ' ' || pg_get_userbyid(function.proowner) || ' '
    || function.prosecdef
    || ' ' || coalesce(function.proacl::text, '')
    || md5(coalesce(pg_get_function_sqlbody(function.oid), function.prosrc))
      || coalesce(function.proconfig::text, '')
  from pg_proc as function where function.pronamespace::regnamespace::text in {_OURS}
  union all
  select 'trigger', trigger.tgrelid::regclass || ' ' || pg_get_triggerdef(trigger.oid)
  from pg_trigger as trigger where not trigger.tgisinternal
  union all
  select 'schema', nspname || ' ' || pg_get_userbyid(nspowner) || ' ' || coalesce(nspacl::text, '')
  from pg_namespace where nspname in {_OURS}
"""
# How one version of PostgreSQL prints them; another may print them otherwise.
_DEFINITIONS = f"""
  select 'definition', pg_get_functiondef(function.oid) || coalesce(obj_description(function.oid, 'pg_proc'),
    '')
  from pg_proc as function where function.pronamespace::regnamespace::text in {_OURS}
  union all
  select 'definition', class.oid::regclass || coalesce(class.reloptions::text, '')
    || pg_get_viewdef(class.oid)
    || coalesce(obj_description(class.oid, 'pg_class'), '')
  from pg_class as class where class.relkind = 'v' and class.relnamespace::regnamespace::text in {_OURS}
"""


def catalog(url: str) -> list[tuple[str, str]]:
    """All tables, columns, policies, functions and triggers, with their owners and grants."""
    return _rows(url, _OBJECTS)


def definitions(url: str) -> list[tuple[str, str]]:
    """The catalog, and each function and view in full with its comment."""
    return _rows(url, f"{_OBJECTS} union all {_DEFINITIONS}")


def _rows(url: str, query: str) -> list[tuple[str, str]]:
    session = Session(url)
    try:
        return [(row[0], row[1]) for row in session.rows(f"{query} order by 1, 2")]
    finally:
        session.close()
