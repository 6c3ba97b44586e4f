-- Tags are keys of the search index too: the scope, #, and the tag.

create or replace function app.tag_query(user_id text, tags text[], match_all boolean) returns tsquery
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return (
    select string_agg(
      format('''%s#%s''', app.search_scope(user_id), replace(replace(tag, '\', '\\'), '''', '''''')),
      case when match_all then ' & ' else ' | ' end)::tsquery
    from unnest(tags) as tag);
end $$;

comment on function app.tag_query is
  'The query of the search index for the user''s tasks with any, or all, of the tags.';

grant execute on function app.tag_query to task_api, task_finder;
