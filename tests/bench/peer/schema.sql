-- The table of the usual implementation, with the indexes that its queries ask for.
do $$
begin
  if not exists (select from pg_roles where rolname = 'peer') then
    create role peer login;
  end if;
end $$;
create table tasks (
  id uuid primary key,
  user_id varchar(255) not null,
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
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create index tasks_user_created_at on tasks (user_id, created_at desc);
create index tasks_user_due_date on tasks (user_id, due_date);
create index tasks_user_completed on tasks (user_id, completed);
create index tasks_tags on tasks using gin (tags);
grant select, insert, update, delete on tasks to peer;
