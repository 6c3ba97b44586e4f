-- Before a pass is opened there is no user, so no policy for one's own rows can hold. Definer: owned by
-- task_porter, which may read the digests of passes and what is returned here, and nothing else. The caller
-- must know the digest of a token of 256 random bits. The answer is the user of the pass; all else is read
-- under that user's own policies.

create or replace function porter.open_pass(
  digest bytea,
  out user_id text, out id uuid, out scope text, out expires_at timestamptz, out used_today boolean)
returns record
language sql stable security definer
set search_path = ''
as $$
  select
    pass.user_id, pass.id, pass.scope, pass.expires_at,
    coalesce(pass.last_used_on = (now() at time zone 'UTC')::date, false)
  from app.passes as pass
  where pass.digest = open_pass.digest and pass.expires_at > now()
  limit 1
$$;

comment on function porter.open_pass is
  'Definer, because no user is known yet: the user of the pass with this digest, and its scope; nulls for no '
  'valid pass.';

grant execute on function porter.open_pass to task_api;
