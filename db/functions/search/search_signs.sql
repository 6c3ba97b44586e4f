-- The signs: ASCII punctuation except the apostrophe, then the scripts' own, dashes, currencies, arrows,
-- mathematics. Named here and not left to the regular expressions' classes, which the locale decides: a key
-- must be the same everywhere. Emoji and dingbats are no signs, but words: see app.split_letters.

create or replace function app.search_signs() returns text
language sql immutable parallel safe
return '!-&(-/:-@[-`{-~\u00A1-\u00BF\u00D7\u00F7\u02B9-\u02DF\u02E5-\u02EB\u02EF-\u02FF\u0375\u037E'
  '\u0384-\u0387\u03F6\u0482\u055A-\u055F\u0589-\u058F\u05BE\u05C0\u05C3\u05C6\u05F3\u05F4\u0600-\u060F'
  '\u061B-\u061F\u066A-\u066D\u06D4\u06DD\u06DE\u06E9\u06FD\u06FE\u0700-\u070D\u0964\u0965\u0970\u0DF4'
  '\u0E3F\u0E4F\u0E5A\u0E5B\u0F01-\u0F17\u0F3A-\u0F3D\u104A-\u104F\u10FB\u1360-\u1368\u1390-\u1399\u1400'
  '\u166D\u166E\u169B\u169C\u16EB-\u16ED\u17D4-\u17DB\u1800-\u180A\u2010-\u2027\u2030-\u205E\u207A-\u207E'
  '\u208A-\u208E\u20A0-\u20CF\u2100-\u214F\u2190-\u22FF\u2400-\u259F\u27C0-\u2AFF\u2E00-\u2E7F'
  '\u3001-\u3004\u3008-\u3020\u3030\u303D\u30A0\u30FB\uA4FE\uA4FF\uA60D-\uA60F\uA830-\uA839\uA874-\uA877'
  '\uA8CE\uA8CF\uA9C1-\uA9CD\uAA5C-\uAA5F\uABEB\uFD3E\uFD3F\uFE10-\uFE6F\uFF00-\uFFFD';

comment on function app.search_signs is
  'The characters that part words, as the inside of a bracket expression; without blanks.';

grant execute on function app.search_signs to task_api, task_keeper, task_finder;
