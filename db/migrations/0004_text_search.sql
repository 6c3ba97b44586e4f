-- migrate:up

-- Word forms are found by the stems of words. The functions of db/functions/search make words of a text by
-- themselves, since the parsers of PostgreSQL leave to the locale what a letter is, and drop emoji.

set local role task_owner;

create text search dictionary app.english_stem (template = pg_catalog.snowball, language = english);
comment on text search dictionary app.english_stem is
  'English word forms, without stop words, so that "to do" can be found.';

reset role;

-- migrate:down

set local role task_owner;
drop text search dictionary app.english_stem;
reset role;
