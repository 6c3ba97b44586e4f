-- One form for all ways to write the same: small letters, compatibility forms and marks taken apart (NFKD),
-- and without the marks that writers add or leave out: accents, Hebrew and Arabic vowel points, tatweel, soft
-- hyphens, characters of no width, variants of emoji. Taken apart, since the beginning of a word is then the
-- beginning of its form too: 하 of 한글, か of が.

create or replace function app.fold_letters(written text) returns text
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  -- Apostrophes, quotes, signs whose letters are not part of a word; blanks.
  v_text text := normalize(
    translate(
      written,
      E'’‘‛ʼʻʽ´“”„‟«»〝〞〟™℠\u0085\u1680\u2028\u2029',
      '''''''''''''''"""""""""      '),
    nfkd);
begin
  v_text := lower(regexp_replace(
    v_text,
    '[\u00AD\u0300-\u036F\u0483-\u0489\u0591-\u05BD\u05BF\u05C1\u05C2\u05C4\u05C5\u05C7\u0610-\u061A\u061C'
    '\u0640\u064B-\u065F\u0670\u06D6-\u06DC\u06DF-\u06E4\u06E7\u06E8\u06EA-\u06ED\u08D3-\u08E1'
    '\u08E3-\u08FF\u115F\u1160\u180B-\u180F\u1AB0-\u1AFF\u1DC0-\u1DFF\u200B-\u200F\u202A-\u202E'
    '\u2060-\u206F\u20D0-\u20FF\uFE00-\uFE0F\uFE20-\uFE2F\uFEFF\uFFF9-\uFFFB\U0001F3FB-\U0001F3FF'
    '\U000E0000-\U000E0FFF]+',
    '', 'g'));
  -- Final sigma; the shapes that Arabic letters have in its languages and keyboards; its digits.
  if v_text ~ '[\u03C2\u0621-\u06F9]' then
    v_text := translate(
      v_text, 'ςىیةٱک٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹', 'σييهاك01234567890123456789');
  end if;
  return v_text;
end $$;

comment on function app.fold_letters is 'The form of a text with letters beyond ASCII, see app.fold_text.';

grant execute on function app.fold_letters to task_api, task_keeper, task_finder;
