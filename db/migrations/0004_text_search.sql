-- migrate:up

-- What a search compares. A text becomes words; each word is stored both as it was written, for prefixes, and as its stem,
-- for word forms; accents are folded, and no word is dropped, so that "to do" can be found.

set local role task_owner;

create text search dictionary app.english_stem (template = pg_catalog.snowball, language = english);
comment on text search dictionary app.english_stem is 'English word forms, without stop words.';

create text search configuration app.stems (parser = pg_catalog."default");
alter text search configuration app.stems
  add mapping for asciiword, word, numword with public.unaccent, app.english_stem;
alter text search configuration app.stems
  add mapping for int, uint, float, sfloat, version with pg_catalog.simple;
comment on text search configuration app.stems is 'Stems of words, accents folded; what is searched.';

create text search configuration app.words (parser = pg_catalog."default");
alter text search configuration app.words
  add mapping for asciiword, word, numword with public.unaccent, pg_catalog.simple;
alter text search configuration app.words
  add mapping for int, uint, float, sfloat, version with pg_catalog.simple;
comment on text search configuration app.words is 'Words as they were written, accents folded; what a prefix is compared with.';

reset role;

-- migrate:down

set local role task_owner;
drop text search configuration app.words;
drop text search configuration app.stems;
drop text search dictionary app.english_stem;
reset role;
