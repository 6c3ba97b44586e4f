-- GET /changes. Tasks come in the order of their numbers, from the index of updated_at, which is the number
-- as a time. One statement has one snapshot, so no number in it can be followed by a smaller one later: see
-- app.task_counts.

create or replace function api.list_changes(
  since text, "limit" integer, if_none_match text, out status integer, out headers text[], out response text)
returns record
language plpgsql stable
set search_path = ''
set plan_cache_mode = force_generic_plan
as $$
declare
  v_user constant text := app.require_user_id();
  v_counts app.task_counts;
  v_since record;
  -- All tasks, whatever their status and priority.
  v_query app.task_query;
  v_page record;
  v_changed text[] := '{}';
  v_deleted uuid[] := '{}';
  v_deletions bigint[];
  v_last_changed bigint;
  v_next bigint;
  v_token text;
begin
  select * into v_counts from app.task_counts as counts where counts.user_id = v_user;
  if not found then
    v_counts.version := 0;
    v_counts.forgotten := 0;
  end if;
  v_since := app.read_since(since, v_counts);
  v_next := v_counts.version;

  if v_since.after < v_counts.version then
    -- One more of each than is shown. Where there is one, the page ends with the last that is shown, in both
    -- lists alike.
    v_query.statuses := '{false,true}';
    v_query.priorities := '{High,Medium,Low}';
    v_query."offset" := 0;
    v_page := app.page_tasks_by_updated_at_asc(
      v_query, app.time_of(v_since.after)::text, 'ffffffff-ffff-ffff-ffff-ffffffffffff', "limit" + 1);
    v_changed := coalesce(v_page.documents[:"limit"], '{}');
    if cardinality(v_page.ids) > "limit" then
      v_last_changed := app.version_of(v_page.keys[2]::timestamptz);
    end if;
    v_deletions := array(
      select deleted.version from app.deleted_tasks as deleted
      where deleted.user_id = v_user and deleted.version > greatest(v_since.after, v_since.begun)
      order by deleted.version
      limit "limit" + 1);
    v_next := least(v_next, v_last_changed,
      case when cardinality(v_deletions) > "limit" then v_deletions["limit"] end);

    if v_next < coalesce(v_last_changed, v_counts.version) then
      v_changed := array(
        select changed.document from unnest(v_changed) with ordinality as changed (document, place)
        where app.version_of((changed.document::json ->> 'updated_at')::timestamptz) <= v_next
        order by changed.place);
    end if;
    -- A task that was made again is only in changed.
    v_deleted := array(
      select distinct deleted.id from app.deleted_tasks as deleted
      where deleted.user_id = v_user and deleted.version > greatest(v_since.after, v_since.begun)
        and deleted.version <= v_next
        and not exists (select from app.tasks as task where task.user_id = v_user and task.id = deleted.id));
  end if;

  v_token := concat_ws('-', app.epoch(), v_next, case when v_next < v_counts.version then v_since.begun end);
  headers := array['etag', format('W/"%s"', v_token)];
  if v_since.after = v_counts.version and app.etag_matches_weakly(if_none_match, headers[2]) then
    status := 304;
    return;
  end if;
  status := 200;
  response := concat(
    '{"changed":[', array_to_string(v_changed, ','), '],"deleted":', array_to_json(v_deleted),
    ',"next":"', v_token, '","has_more":', (v_next < v_counts.version)::text, '}');
end $$;

comment on function api.list_changes is
  'The user''s tasks that changed and the ids of those that were deleted since the token; without a token, '
  'all tasks.';

grant execute on function api.list_changes to task_api;
