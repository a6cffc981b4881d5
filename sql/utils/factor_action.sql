-- What follows "How often does" and "Why does": the owner and what it does. Names that hold a known verb give it
-- (update_frequency: "the company update", content_update_frequency: "the company update content"), some nouns stand
-- for one (success_reason: "the company succeed"); any other thing occurs ("the company's newsletter occur").
create or replace function utils.factor_action(question text, owner text, name text, otherwise text) returns text
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  nouns constant jsonb := '{"success": "succeed", "growth": "grow", "failure": "fail", "loss": "lose", "decline": "decline",
    "departure": "leave", "expansion": "expand", "innovation": "innovate", "investment": "invest", "response": "respond",
    "payment": "pay", "publication": "publish", "delivery": "deliver", "communication": "communicate", "sale": "sell",
    "sales": "sell", "acquisition": "acquire", "closure": "close", "existence": "exist", "bankruptcy": "go bankrupt",
    "relocation": "relocate", "choice": "choose", "decision": "decide", "participation": "participate", "meeting": "meet"}'::jsonb;
  words constant text := pg_catalog.btrim(pg_catalog.regexp_replace(pg_catalog.regexp_replace(name,
    '(^| )(frequency|rate|interval|cadence|reasons?|causes?|motivation|rationale)$', '', 'i'),
    '^(frequency of|interval of|rate of|reasons? (for|of)|causes? of|why) ', '', 'i'));
  last_word constant text := pg_catalog."substring"(words, '[^ ]+$');
  thing constant text := pg_catalog.btrim(pg_catalog."left"(words, pg_catalog.length(words) - pg_catalog.length(last_word)));
  verb constant text := coalesce(utils.factor_verb(last_word), case when thing = '' then nouns ->> pg_catalog.lower(words) end);
begin
  if coalesce(words, '') = '' then
    return pg_catalog.format('%s does the %s %s?', question, owner, otherwise);
  elsif verb is not null then
    return pg_catalog.format('%s does the %s %s%s?', question, owner, verb, nullif(' ' || thing, ' '));
  end if;
  return pg_catalog.format('%s %s the %s''s %s occur?', question,
    case when last_word ~* '[^sui]s$' then 'do' else 'does' end, owner, words);
end
$$;

comment on function utils.factor_action(text, text, text, text) is
  'The question "How often does the company update?" or "Why does …?" for a datapoint''s name in words; otherwise is the verb for no name.';

revoke execute on function utils.factor_action(text, text, text, text) from public;
grant execute on function utils.factor_action(text, text, text, text) to authenticated, service_role;
