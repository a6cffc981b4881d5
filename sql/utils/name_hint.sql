-- A name is words: "contactEmail", "contact_email" and "Contact e-mail" are alike, and "hotel" holds no "tel".
create or replace function utils.name_hint(name text) returns text
language sql immutable parallel safe
set search_path = ''
as $$
  select case
    when w.words ~ '(^|_)(e_?mails?|mail_address)(_|$)|メール|Eメール' then 'email'
    when w.words ~ '^(is|has|can|was|should)_|_(flag|enabled|disabled)$|フラグ' then 'boolean'
    when w.words ~ '(^|_)(phones?|tel|telephone|fax|mobile|cell_?phone)(_|$)|電話|携帯|ファックス' then 'phone'
    when w.words ~ '(^|_)(urls?|uri|website|web_site|homepage|home_page|link)(_|$)|ホームページ|サイト|リンク' then 'url'
    when w.words ~ '(^|_)(date|datetime|timestamp|founded|established|birthday|birth_?date|dob|deadline)(_|$)|[a-z]_at$|日付|設立|創業|生年月日|年月日|日時|期限|[登録更新作成開始終了発売公開]日$' then 'date'
    when w.words ~ '(^|_)(zip|zip_?code|postal|postal_?code|postcode)(_|$)|郵便' then 'code'
    when w.words ~ '(^|_)(id|uuid|guid|key|identifier|identification|slug|sku|serial)$|番号$' then 'identifier'
    when w.words ~ '(^|_)(tags|labels|skills|categories|genres|languages)$|タグ|スキル' then 'multiselect'
    when w.words ~ '(^|_)(description|notes?|comments?|bio|biography|summary|remarks?|memo|content|body)$|説明|備考|概要|コメント|メモ' then 'textarea'
    when w.words ~ '(^|_)(status|type|category|gender|sex|priority|stage|phase|level|kind)$|ステータス|性別|種別|区分|カテゴリ' then 'select'
    when w.words ~ '(^|_)(count|amount|price|cost|revenue|sales|employees|qty|quantity|total|sum|age|score|percent|pct|salary|budget|population|number|capital)$|売上|人数|従業員数|価格|金額|資本金|年収|年齢|[数額率]$' then 'number'
    when w.words ~ '(^|_)(name|title|city|town|street|address|company|author|director)$|名$|住所|会社|氏名' then 'label'
  end
  from (
    select pg_catalog.btrim(pg_catalog.regexp_replace(pg_catalog.lower(pg_catalog.regexp_replace(
      pg_catalog."left"(pg_catalog.normalize(name, 'NFKC'), 200), '([a-z0-9])([A-Z])', '\1_\2', 'g')), '[^[:alnum:]]+', '_', 'g'), '_')
  ) as w (words)
$$;

comment on function utils.name_hint(text) is
  'What the name of a field, English or Japanese, lets one expect: a type, or code, identifier, label; null when nothing.';

revoke execute on function utils.name_hint(text) from public;
grant execute on function utils.name_hint(text) to authenticated, service_role;
