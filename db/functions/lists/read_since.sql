-- A since token is the epoch, the number up to which the client knows all changes and, during a first walk,
-- the number with which that began.

create or replace function app.read_since(
  since text, counts app.task_counts, out after bigint, out begun bigint)
returns record
language plpgsql stable
set search_path = ''
as $$
declare
  v_parts text[];
begin
  if since is null then
    after := 0;
    begun := counts.version;
    return;
  end if;
  v_parts := regexp_match(since, '^([0-9a-f]{8})-([0-9]{1,18})(?:-([0-9]{1,18}))?$');
  if v_parts is null then
    raise exception 'bad token' using errcode = 'DT400', detail = jsonb_build_array(jsonb_build_object(
      'loc', array['query', 'since'], 'type', 'since_invalid',
      'msg', 'is not a next of GET /changes; send one as it was given, or begin again without it'));
  end if;
  after := v_parts[2];
  begun := v_parts[3];
  if v_parts[1] <> app.epoch() or coalesce(begun, after) not between counts.forgotten and counts.version
    or after > counts.version
  then
    raise exception 'deletions since then are not known' using errcode = 'DT410';
  end if;
end $$;

comment on function app.read_since is
  'The content of a since token; raises DT400 where it is malformed, and DT410 where the changes since then '
  'are not all known.';

grant execute on function app.read_since to task_api;
