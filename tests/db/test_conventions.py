"""The conventions of the SQL, and the public lint rules for databases with row-level security, as queries of
the catalog.

Each query finds what breaks a rule; the test's failure says what to write.
"""

import re
from pathlib import Path

import pytest

from app.dev.project import ROOT

MIGRATIONS = sorted((ROOT / "db" / "migrations").glob("*.sql"))
FUNCTIONS = sorted((ROOT / "db" / "functions").rglob("*.sql"))
OURS = "('app', 'api', 'audit', 'finder', 'keeper', 'porter')"
# A body without quotes is kept as a tree, and not as a text.
SOURCE = "coalesce(pg_get_function_sqlbody(pg_proc.oid), prosrc)"

# rule: (what breaks it, by name; what to write)
RULES = {
    # --- names
    "tables are plural": (
        "select oid::regclass::text from pg_class where relkind in ('r', 'p', 'v') "
        f"and relnamespace::regnamespace::text in {OURS}"
        " and relname !~ 's$'",
        "a plural name",
    ),
    "names are snake_case": (
        f"""
        select relname from pg_class where relnamespace::regnamespace::text in {OURS}
          and relname !~ '^[a-z][a-z0-9_]*$'
        union all
        select proname from pg_proc where pronamespace::regnamespace::text in {OURS}
          and proname !~ '^[a-z][a-z0-9_]*$'
        union all
        select c.relname || '.' || attname from pg_attribute join pg_class as c on c.oid = attrelid
        where c.relnamespace::regnamespace::text in {OURS} and attnum > 0 and not attisdropped
          and attname !~ '^[a-z][a-z0-9_]*$'
        union all
        select parameter from pg_proc, unnest(proargnames) as parameter
        where pronamespace::regnamespace::text in {OURS} and parameter !~ '^[a-z][a-z0-9_]*$'
        """,
        "a name in snake_case, which never needs quotes for its letters",
    ),
    "functions of api are verb_noun": (
        "select oid::regprocedure::text from pg_proc where pronamespace = 'api'::regnamespace "
        "and proname !~ '^[a-z]+_[a-z]+(_[a-z]+)*$'",
        "verb_noun, for example get_task",
    ),
    "parameters are the bare noun": (
        f"""
        select oid::regprocedure || ' ' || parameter from pg_proc, unnest(proargnames) as parameter
        where pronamespace::regnamespace::text in {OURS} and parameter ~ '^(p|_|in|arg|param)_'
        """,
        "the bare noun",
    ),
    "constraints begin with their table": (
        """
        select conrelid::regclass || ' ' || conname from pg_constraint join pg_class
          on pg_class.oid = conrelid
        where connamespace = 'app'::regnamespace and contype <> 'n' and conname not like relname || '\\_%'
        """,
        "constraint <table>_<rule>",
    ),
    "constraints are named, not numbered": (
        "select conname from pg_constraint where connamespace = 'app'::regnamespace "
        "and conname ~ '(_check|_fkey|_key)[0-9]*$' and contype <> 'n'",
        "a name that says the rule, for example tasks_title_length",
    ),
    "indexes begin with their table": (
        """
        select indexrelid::regclass::text from pg_index join pg_class on pg_class.oid = indexrelid
        join pg_class as owner on owner.oid = indrelid
        where pg_class.relnamespace = 'app'::regnamespace and pg_class.relname not like owner.relname
          || '\\_%'
        """,
        "index <table>_by_<what>",
    ),
    "policies begin with their table and command": (
        """
        select polname from pg_policy join pg_class on pg_class.oid = polrelid
        where polname not like relname || '\\_' ||
          case polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update'
            when 'd' then 'delete' else 'all' end || '\\_%'
        """,
        "policy <table>_<command>_<whose>, one for each command",
    ),
    # --- comments
    "every schema, table and view has a comment": (
        f"""
        select nspname from pg_namespace where nspname in {OURS} and obj_description(oid,
          'pg_namespace') is null
        union all
        select oid::regclass::text from pg_class
        where relnamespace::regnamespace::text in {OURS} and relkind in ('r', 'p', 'v', 'm')
          and obj_description(oid, 'pg_class') is null
        """,
        "comment on …, one sentence for its reader",
    ),
    "every column of a table has a comment": (
        """
        select attrelid::regclass || '.' || attname from pg_attribute join pg_class on pg_class.oid = attrelid
        where relnamespace = 'app'::regnamespace and relkind in ('r', 'p') and attnum > 0 and not attisdropped
          and col_description(attrelid, attnum) is null
        """,
        "comment on column …",
    ),
    "every function has a comment": (
        f"select oid::regprocedure::text from pg_proc where pronamespace::regnamespace::text in {OURS} "
        "and obj_description(oid, 'pg_proc') is null",
        "comment on function …",
    ),
    "every type, domain and trigger has a comment": (
        f"""
        select t.oid::regtype::text from pg_type as t left join pg_class on pg_class.oid = typrelid
        where typnamespace::regnamespace::text in {OURS} and typcategory <> 'A' and coalesce(relkind,
          'c') = 'c'
          and obj_description(t.oid, 'pg_type') is null
        union all
        select tgname from pg_trigger where not tgisinternal and obj_description(oid, 'pg_trigger') is null
        """,
        "comment on …",
    ),
    "every check has a comment that an error can be made of": (
        """
        select conname from pg_constraint where connamespace = 'app'::regnamespace and contype = 'c'
          and conrelid::regclass <> 'app.task_counts'::regclass and coalesce(obj_description(oid,
            'pg_constraint') !~ '^[a-z_]+: .', true)
        """,
        "comment on constraint … is 'stable_type: must …'",
    ),
    "every role has a comment": (
        "select rolname from pg_roles where rolname ~ '^task_' "
        "and shobj_description(oid, 'pg_authid') is null",
        "comment on role …",
    ),
    # --- keys lead with the user
    "every table has a primary key that begins with user_id": (
        """
        select pg_class.oid::regclass::text from pg_class
        where relnamespace = 'app'::regnamespace and relkind in ('r', 'p') and not exists (
          select from pg_index join pg_attribute on attrelid = indrelid and attnum = indkey[0]
          where indrelid = pg_class.oid and indisprimary and attname = 'user_id')
        """,
        "primary key (user_id, …)",
    ),
    "every unique index begins with user_id": (
        """
        select indexrelid::regclass::text from pg_index join pg_class on pg_class.oid = indexrelid
        left join pg_attribute on attrelid = indrelid and attnum = indkey[0]
        where relnamespace = 'app'::regnamespace and indisunique and attname is distinct from 'user_id'
        """,
        "unique (user_id, …), or a violation tells one user of another's row",
    ),
    "every index begins with user_id": (
        """
        select indexrelid::regclass::text from pg_index join pg_class on pg_class.oid = indexrelid
        left join pg_attribute on attrelid = indrelid and attnum = indkey[0]
        where relnamespace = 'app'::regnamespace and attname is distinct from 'user_id'
          -- Its keys begin with the user; expired answers are removed for all users; a pass has no user yet;
          -- the worker asks what is due of all users.
          and indexrelid::regclass::text not in ('app.search_entries_by_keys',
            'app.idempotency_keys_by_created_at', 'app.passes_by_digest', 'app.task_counts_by_remind_at',
            'app.webhooks_by_due_at', 'app.webhooks_failing_by_due_at')
        """,
        "index … (user_id, …)",
    ),
    "every foreign key begins with user_id": (
        """
        select conname from pg_constraint join pg_attribute on attrelid = conrelid and attnum = conkey[1]
        where connamespace = 'app'::regnamespace and contype = 'f' and (attname <> 'user_id'
          or confdeltype = 'n')
        """,
        "foreign key (user_id, …), and no on delete set null",
    ),
    "user_id is text, and is never null": (
        """
        select attrelid::regclass::text from pg_attribute join pg_class on pg_class.oid = attrelid
        where relnamespace = 'app'::regnamespace and relkind in ('r', 'p') and attname = 'user_id'
          and (not attnotnull or atttypid <> 'text'::regtype)
        """,
        "user_id text not null",
    ),
    "user_id is written by its default where the service inserts": (
        """
        select c.oid::regclass::text from pg_class as c join pg_attribute on attrelid = c.oid
          and attname = 'user_id'
        left join pg_attrdef on adrelid = attrelid and adnum = attnum
        where relnamespace = 'app'::regnamespace and relkind in ('r', 'p')
          and has_any_column_privilege('task_api', c.oid, 'insert')
          and coalesce(pg_get_expr(adbin, adrelid), '') !~ '^(app\\.)?user_id\\(\\)$'
        """,
        "user_id text not null default app.user_id()",
    ),
    # --- functions
    "every function pins an empty path, or has a body that is bound when it is made": (
        f"""
        select oid::regprocedure::text from pg_proc where pronamespace::regnamespace::text in {OURS}
          and not coalesce(proconfig, '{{}}') @> array['search_path=""'] and prosqlbody is null
        """,
        "set search_path = ''; or return <expression>, without quotes around the body",
    ),
    "definer functions pin an empty path, whatever their body": (
        """
        select oid::regprocedure::text from pg_proc
        where prosecdef and pronamespace::regnamespace::text !~ '^pg_' and not coalesce(proconfig,
          '{}') @> array['search_path=""']
        """,
        "set search_path = ''",
    ),
    "functions of api are plpgsql": (
        "select pg_proc.oid::regprocedure::text from pg_proc join pg_language as l on l.oid = prolang"
        " where pronamespace = 'api'::regnamespace and lanname <> 'plpgsql'",
        "language plpgsql, which keeps its plans",
    ),
    "functions of api return an answer, or facts": (
        """
        select oid::regprocedure::text from pg_proc where pronamespace = 'api'::regnamespace
          and array(select name from unnest(proargnames, proargmodes) as a (name, mode) where mode = 'o')
            <> case when prorettype = 'jsonb'::regtype then '{}' else array['status', 'headers',
              'response'] end
        """,
        "out status integer, out headers text[], out response text; or returns jsonb",
    ),
    "functions have no overloads": (
        f"select max(oid::regprocedure::text) from pg_proc where pronamespace::regnamespace::text in {OURS}"
        " group by pronamespace, proname having count(*) > 1",
        "another name, so that comment on, grant and drop need no list of arguments",
    ),
    "functions of api have no defaults": (
        "select oid::regprocedure::text from pg_proc where pronamespace = 'api'::regnamespace "
        "and pronargdefaults > 0",
        "every argument at every call",
    ),
    "definer functions are in finder, keeper and porter, and nowhere else": (
        """
        select oid::regprocedure::text from pg_proc
        where prosecdef and pronamespace::regnamespace::text !~ '^pg_'
          and pronamespace::regnamespace::text not in ('finder', 'keeper', 'porter')
        """,
        "security invoker; or db/functions/finder, keeper or porter",
    ),
    "what is in finder, keeper and porter belongs to the role of that name": (
        """
        select oid::regprocedure::text from pg_proc
        where pronamespace::regnamespace::text in ('finder', 'keeper', 'porter')
          and proowner::regrole::text <> 'task_' || pronamespace::regnamespace
        union all
        select oid::regclass::text from pg_class where relnamespace::regnamespace::text in ('finder',
          'keeper', 'porter')
        union all
        select nspname from pg_namespace where nspname in ('finder', 'keeper', 'porter')
          and nspowner::regrole::text <> 'task_' || nspname
        """,
        "a function in db/functions/finder, keeper or porter; no table and no view",
    ),
    "definer functions are few, and say why": (
        "select oid::regprocedure::text from pg_proc"
        f" where pronamespace::regnamespace::text in {OURS} and prosecdef "
        "and obj_description(oid, 'pg_proc') !~ '^Definer, '",
        "comment on function … is 'Definer, <why>: …'; or security invoker",
    ),
    "no function of api is definer": (
        "select oid::regprocedure::text from pg_proc where pronamespace = 'api'::regnamespace and prosecdef",
        "security invoker, and a helper in finder, keeper or porter",
    ),
    "errors are raised by code": (
        f"""
        select oid::regprocedure::text from pg_proc where pronamespace::regnamespace::text in {OURS}
          and {SOURCE} ~* 'raise\\s+exception' and {SOURCE} !~* 'errcode'
        """,
        "raise exception … using errcode = …",
    ),
    "no function hides every error": (
        f"select oid::regprocedure::text from pg_proc where pronamespace::regnamespace::text in {OURS} "
        f"and {SOURCE} ~* 'when\\s+others'",
        "exception when <the errors that are meant>",
    ),
    "the user is read in one place": (
        f"""
        select oid::regprocedure::text from pg_proc where pronamespace::regnamespace::text in {OURS}
          and {SOURCE} ~ 'app\\.user_id''' and oid <> 'app.user_id()'::regprocedure
          -- They set the user: to read each one's number, and to delete what is left of one.
          and oid not in ('api.watch_changes(jsonb)'::regprocedure, 'api.forget_user(text)'::regprocedure)
        """,
        "app.user_id() or app.require_user_id()",
    ),
    "nothing is left to now() in on conflict, nor to row_to_json in returning": (
        f"""
        select oid::regprocedure::text from pg_proc where pronamespace::regnamespace::text in {OURS}
          and ({SOURCE} ~* 'do update set[^;]*now\\(\\)' or {SOURCE} ~* 'returning\\s+(row_)?to_json')
        """,
        "a variable; returning * into …, and then JSON: see DESIGN, beyond one machine",
    ),
    # --- the public lint rules for databases with row-level security
    "lint: views run with their reader's rights": (
        "select relation from audit.relations where kind = 'view' and not security_invoker "
        "and not in_extension",
        "create view … with (security_invoker = true)",
    ),
    "lint: no view shows the users of the server": (
        """
        select distinct ev_class::regclass::text from pg_rewrite
        join pg_depend on classid = 'pg_rewrite'::regclass and objid = pg_rewrite.oid
          and refclassid = 'pg_class'::regclass
        where refobjid = 'pg_authid'::regclass and ev_class::regclass::text ~ '^(app|api|public)\\.'
        """,
        "pg_roles, in audit",
    ),
    "lint: every table has row-level security, forced": (
        "select relation from audit.relations where kind = 'table' and schema in ('app', 'api', 'audit') "
        "and row_level_security <> 'forced'",
        "alter table … enable row level security; alter table … force row level security",
    ),
    "lint: every table with row-level security has a policy": (
        "select relation from audit.relations as r where row_level_security = 'forced'"
        " and not exists (select from pg_policy where polrelid = r.oid)",
        "create policy …, or a table without row-level security is meant",
    ),
    "lint: every table with policies has row-level security": (
        "select polrelid::regclass::text from pg_policy join pg_class on pg_class.oid = polrelid "
        "where not relrowsecurity",
        "alter table … enable row level security",
    ),
    "lint: policies read settings once per statement, not once per row": (
        """
        select polname from pg_policy
        where replace(concat(pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)),
          'SELECT app.user_id()', '')
          ~ 'user_id\\(\\)|current_setting\\('
        """,
        "(select app.user_id())",
    ),
    "lint: no two policies allow one command to one role": (
        """
        select polrelid::regclass || ' ' || command || ' ' || string_agg(polname, ', ')
        from pg_policy, unnest(polroles) as role, (values ('r'), ('a'), ('w'), ('d')) as c (command)
        where polpermissive and polcmd in (command, '*') group by polrelid, role, command having count(*) > 1
        """,
        "one policy",
    ),
    "lint: no policy is for public": (
        "select polname from pg_policy where polroles @> '{0}'",
        "create policy … to task_api",
    ),
    "lint: every foreign key has an index": (
        """
        select conname from pg_constraint where contype = 'f' and connamespace = 'app'::regnamespace
          and not exists (
          select from pg_index where indrelid = conrelid
            and (indkey::int2[])[0:cardinality(conkey) - 1] @> conkey)
        """,
        "create index … on the columns of the foreign key",
    ),
    "lint: no two indexes are the same": (
        """
        select string_agg(indexrelid::regclass::text, ', ') from pg_index join pg_class
          on pg_class.oid = indexrelid
        where relnamespace = 'app'::regnamespace
        group by indrelid, indkey::text, indclass::text, indcollation::text, indoption::text, relam,
          pg_get_expr(indexprs, indrelid), pg_get_expr(indpred, indrelid)
        having count(*) > 1
        """,
        "one of them",
    ),
    "lint: no index is the beginning of another": (
        """
        select short.indexrelid::regclass || ' of ' || long.indexrelid::regclass
        from pg_index as short join pg_index as long on long.indrelid = short.indrelid
          and long.indexrelid <> short.indexrelid
        join pg_class as s on s.oid = short.indexrelid join pg_class as l on l.oid = long.indexrelid
          and l.relam = s.relam
        where s.relnamespace = 'app'::regnamespace and not short.indisunique and short.indpred is null
          and long.indpred is null
          and short.indexprs is null and long.indexprs is null
            and long.indkey::text like short.indkey::text || ' %'
          and long.indoption::text like short.indoption::text || ' %'
        """,
        "drop the short one",
    ),
    "lint: every index is one that a query is for": (
        "select indexrelid::regclass::text from pg_index join pg_class on pg_class.oid = indexrelid"
        " where relnamespace = 'app'::regnamespace and (not indisvalid or not indisready)",
        "reindex, or drop it",
    ),
    "lint: no table without a primary key": (
        "select relation from audit.relations as r where kind = 'table' and schema <> 'public'"
        " and not exists (select from pg_index where indrelid = r.oid and indisprimary)",
        "primary key (user_id, …)",
    ),
    "lint: no sequences, whose numbers tell how much others make": (
        "select relation from audit.relations where kind = 'sequence'",
        "a UUID",
    ),
    "lint: no materialized view and no foreign table holds tasks": (
        "select relation from audit.relations where kind in ('materialized view', 'foreign table')",
        "a table with row-level security",
    ),
    "lint: no function is leakproof": (
        "select function from audit.functions where leakproof and not in_extension",
        "a function that is not leakproof",
    ),
    "lint: the audit finds nothing": (
        "select fault || ': ' || remedy from audit.faults",
        "what it says",
    ),
}


@pytest.mark.parametrize("rule", RULES)
def test_the_database_keeps_the_rule(rule, as_superuser):
    query, remedy = RULES[rule]
    broken = as_superuser.column(query)
    assert not broken, f"{rule}. Write: {remedy}"


# What must be found when it is there, or a rule above could be kept by a query that never finds anything.
BROKEN = {
    "names are snake_case": 'create table app."Notes" ()',
    "tables are plural": "create table app.note ()",
    "every column of a table has a comment": "create table app.notes (user_id text)",
    "every function has a comment": "create function app.note() returns void language sql as ''",
    "every function pins an empty path, or has a body that is bound when it is made": (
        "create function app.note() returns void language sql as ''"
    ),
    "definer functions pin an empty path, whatever their body": (
        "create function app.note() returns integer language sql security definer return 1"
    ),
    "functions of api return an answer, or facts": (
        "create function api.get_note(out status integer, out response text) language plpgsql "
        "as $$ begin end $$"
    ),
    "functions have no overloads": "create function app.user_id(again text) returns text language sql "
    "return again",
    "definer functions are in finder, keeper and porter, and nowhere else": (
        "create function audit.note() returns integer language sql security definer "
        "set search_path = '' return 1"
    ),
    "what is in finder, keeper and porter belongs to the role of that name": "create function keeper.note() "
    "returns integer language sql return 1",
    "the user is read in one place": (
        "create function app.note() returns text language sql return current_setting('app.user_id')"
    ),
    "every unique index begins with user_id": "create unique index tasks_id on app.tasks (id) where false",
    "every index begins with user_id": "create index tasks_by_id on app.tasks (id)",
    "every check has a comment that an error can be made of": "alter table app.tasks add constraint "
    "tasks_odd check (true)",
    "errors are raised by code": (
        "create function app.fail() returns void language plpgsql as $$ begin raise exception 'no'; end $$"
    ),
    "lint: views run with their reader's rights": "create view app.titles as select title from app.tasks",
    "lint: every table has row-level security, forced": "create table app.notes ()",
    "lint: every table with row-level security has a policy": (
        "create table app.notes (); alter table app.notes enable row level security; alter table app.notes "
        "force row level security"
    ),
    "lint: policies read settings once per statement, not once per row": (
        "alter policy tasks_select_own on app.tasks using (user_id = app.user_id())"
    ),
    "lint: no two policies allow one command to one role": (
        "create policy again on app.tasks for select to task_api using (user_id = (select app.user_id()))"
    ),
    "lint: no policy is for public": "create policy again on app.tasks "
    "using (user_id = (select app.user_id()))",
    "lint: every foreign key has an index": (
        "create table app.notes (user_id text, id uuid, foreign key (user_id, id) references app.tasks)"
    ),
    "lint: no two indexes are the same": (
        "create index again on app.tasks (user_id, completed, priority, created_at, id)"
    ),
    "lint: no index is the beginning of another": "create index again on app.tasks (user_id, completed)",
}


@pytest.mark.parametrize("rule", BROKEN)
def test_the_rule_finds_what_breaks_it(rule, as_superuser):
    as_superuser.execute(f"begin; {BROKEN[rule]}")
    broken = as_superuser.column(RULES[rule][0])
    as_superuser.execute("rollback")
    assert broken


# --- what the catalog does not keep: how the migrations are written


FUNCTION = re.compile(
    r"(^create (?:or replace )?function ([^(]+)\((?:.|\n)*?)\n(as \$|return |begin atomic$)", re.MULTILINE
)
"""Its header, its name and how its body begins."""


def outside_of_quotes(sql: str) -> str:
    """The SQL without comments, strings and the insides of functions."""
    return re.sub(r"\$(\w*)\$.*?\$\1\$|'(?:[^']|'')*'|--[^\n]*", "", sql, flags=re.DOTALL)


@pytest.mark.parametrize(
    "path", [*MIGRATIONS, *FUNCTIONS], ids=lambda path: f"{path.parent.name}/{path.stem}"
)
def test_sql_is_written_as_the_rest_is(path: Path):
    text = path.read_text()
    shouted = re.findall(
        r"\b(?:SELECT|INSERT|UPDATE|DELETE|CREATE|GRANT|FROM|WHERE)\b", outside_of_quotes(text)
    )
    assert not shouted, "lower-case keywords"
    # Inside of do blocks nothing is created under a name that is not given there, so the plain statements are
    # enough.
    functions = FUNCTION.findall(text)
    assert len(functions) == len(re.findall(r"^create (?:or replace )?function ", text, re.MULTILINE))
    for header, name, body in functions:
        assert "." in name, f"{name}: qualify it with its schema"
        assert re.search(r"\b(immutable|stable|volatile)\b", header), f"state the volatility: {header}"
        # A body that does not begin with a quote is bound to its names when it is made.
        if body == "as $" or "security definer" in header:
            assert "set search_path = ''" in header, f"pin the path: {header}"


@pytest.mark.parametrize("path", MIGRATIONS, ids=lambda path: path.stem)
def test_a_migration_is_written_as_the_others_are(path: Path):
    text = path.read_text()
    _, separator, down = text.partition("\n-- migrate:down\n")
    assert text.startswith("-- migrate:up\n"), "begin with -- migrate:up"
    assert separator, "say how to take it back: -- migrate:down"
    assert outside_of_quotes(down).strip() or "do $" in down, "a true -- migrate:down"
    assert text.count("set local role task_owner;") <= text.count("reset role;") * 3, (
        "reset role, where it was set"
    )


@pytest.mark.parametrize("path", FUNCTIONS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_function_is_in_the_file_of_its_name(path: Path):
    text = path.read_text()
    names = re.findall(r"^create (?:or replace )?(?:function|view) \w+\.(\w+)", text, re.MULTILINE)
    assert names in ([path.stem], []), "one function or view, of the name of its file"
    assert names or (f"_{path.stem}" not in text and "-- Makes: " in text), (
        "say in its header what a do block makes"
    )
    assert not re.search(r"^create (?!or replace )", text, re.MULTILINE), "create or replace"
    assert text.startswith("-- "), "a few lines of why at the top"
    lists = re.findall(
        r"^(?:comment on function|grant execute on function|drop function) [\w.]+\(", text, re.MULTILINE
    )
    assert not lists, "no list of arguments: names are unique"


def test_the_numbers_of_the_migrations_are_unique():
    numbers = [path.name.partition("_")[0] for path in MIGRATIONS]
    assert len(numbers) == len(set(numbers))


def test_python_calls_api_functions_and_nothing_else():
    modules = [
        path
        for path in (ROOT / "app").rglob("*.py")
        # These prepare and check a database, and serve nobody.
        if not {"dev", "admin"} & set(path.parts)
    ]
    assert len(modules) > 50
    for path in modules:
        code = re.sub(r"^\s*(from|import) .*$", "", path.read_text(), flags=re.MULTILINE)
        for table in re.findall(r"\b(?:from|into|update|join)\s+((?:app|audit|public)\.\w+)", code):
            pytest.fail(f"{path.name} speaks of {table}: make it an api function")
