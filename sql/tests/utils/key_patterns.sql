select plan(12);

select is(utils.prefix_end('apo'), 'app', 'the last letter is raised');
select is(utils.prefix_end(''), null, 'nothing lies behind all');
select is(utils.prefix_end(chr(1114111)), null, 'nor behind the last letter');
select is(utils.prefix_end('a' || chr(1114111) || chr(1114111)), 'b', 'a last letter cannot be raised');
select is(utils.prefix_end(chr(55295)), chr(57344), 'surrogates are no letters');
select is(utils.prefix_end(null), null, 'null is null');

select is((utils.key_pattern('message:{id}')).names, '{id}', 'a variable has a name');
select is((utils.key_pattern('events:index')).names, '{}', 'there may be none');
select ok('message:m-1' ~ (utils.key_pattern('message:{id}')).matcher, 'a key fits');
select ok(not 'message:m:1' ~ (utils.key_pattern('message:{id}')).matcher, 'a variable holds no colon');
select ok(not 'aXb:1' ~ (utils.key_pattern('a.b:{id}')).matcher, 'a dot is a dot');
select is(regexp_match('saved:u(1):p+2', (utils.key_pattern('saved:{userId}:{placeId}')).matcher), '{u(1),p+2}', 'several variables');

select * from finish();
