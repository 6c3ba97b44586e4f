-- The table of PostGraphile: that of the usual implementation, under row-level security, with two indexes.
do $$
begin
  if not exists (select from pg_roles where rolname = 'postgraphile') then
    create role postgraphile login;
  end if;
end $$;
create table tasks (
  id uuid primary key default gen_random_uuid(),
  user_id varchar(255) not null default current_setting('jwt.claims.sub', true),
  title varchar(200) not null,
  description varchar(2000),
  completed boolean not null default false,
  priority varchar(6) not null default 'Medium' check (priority in ('High', 'Medium', 'Low')),
  tags varchar(50)[] not null default '{}',
  due_date timestamptz,
  reminder_at timestamptz,
  is_recurring boolean not null default false,
  recurrence_rule varchar(500),
  timezone varchar(100),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index tasks_user_created_at on tasks (user_id, created_at desc);
create index tasks_user_due_date on tasks (user_id, due_date);
alter table tasks enable row level security;
create policy tasks_own on tasks using (user_id = (select current_setting('jwt.claims.sub', true)));
grant select, insert, update, delete on tasks to postgraphile;
