-- migrate:up

-- Passes: tokens that users create for scripts. Only the digest of a token is kept, so a copy of the database
-- opens nothing.

set local role task_owner;

create table app.passes (
  user_id text not null default app.user_id(),
  id uuid not null default gen_random_uuid(),
  label text not null,
  scope text not null,
  digest bytea not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  last_used_on date,

  constraint passes_pkey primary key (user_id, id),
  constraint passes_label_length check (char_length(label) between 1 and 100),
  constraint passes_scope_known check (scope in ('tasks:read', 'tasks:write')),
  constraint passes_digest_length check (octet_length(digest) = 32),
  constraint passes_expires_at_range
    check (expires_at > created_at and expires_at <= created_at + interval '8784 hours')
);

-- Opening a pass: the user must be found by the digest alone. Not unique, because a violation would tell of
-- another user's row; two tokens of 256 random bits are never the same.
create index passes_by_digest on app.passes (digest);

comment on table app.passes is 'Tokens that users make for scripts, each kept as a digest.';
comment on column app.passes.user_id is 'The user of the pass.';
comment on column app.passes.id is 'The pass''s identifier, unique among its user''s passes.';
comment on column app.passes.label is 'What the pass is for; white space at both ends is trimmed.';
comment on column app.passes.scope is
  'tasks:read allows reading only; tasks:write everything that is done with tasks.';
comment on column app.passes.digest is 'The SHA-256 of the token.';
comment on column app.passes.created_at is 'When it was created.';
comment on column app.passes.expires_at is
  'When it stops working, at most 366 days after its creation; 90 days where none is given.';
comment on column app.passes.last_used_on is 'The day of its last use, in UTC; null before the first.';

comment on constraint passes_label_length on app.passes is 'string_length: must have 1 to 100 characters';
comment on constraint passes_scope_known on app.passes is 'enum: must be tasks:read or tasks:write';
comment on constraint passes_digest_length on app.passes is 'bytes_length: must have 32 bytes';
comment on constraint passes_expires_at_range on app.passes is
  'time_range: must lie in the future, and at most 366 days ahead';

-- The form in which passes are read.
create type app.pass_document as (
  id uuid,
  label text,
  scope text,
  created_at text,
  expires_at text,
  last_used_on date
);

comment on type app.pass_document is 'A pass as a client sees it.';
grant usage on type app.pass_document to task_api;

reset role;

-- migrate:down

set local role task_owner;
drop type app.pass_document;
drop table app.passes;
reset role;
