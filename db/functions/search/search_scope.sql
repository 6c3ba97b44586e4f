-- All tenants share one GIN index. Were its keys mere words, a search would have to intersect everybody's
-- occurrences of a word with all of the user's tasks. Each key begins with the user's scope instead: a lookup
-- reads keys of this user alone. Two users with the same scope would cost each other time, nothing else: rows
-- are filtered by user_id all the same. 66 bits of a digest, in base64, since it is in each key: five bytes
-- fewer than hexadecimal digits.

create or replace function app.search_scope(user_id text) returns text
language sql immutable parallel safe
return left(encode(decode(md5(user_id), 'hex'), 'base64'), 11);

comment on function app.search_scope is 'The prefix of every key of the user in the search index.';

grant execute on function app.search_scope to task_api, task_keeper, task_finder;
