-- RFC 3986.
select plan(4);
select is(utils.url_encode('aZ09-._~'), 'aZ09-._~', 'unreserved characters stay');
select is(utils.url_encode(' !"#$%&''()*+,/:;=?@[]'), '%20%21%22%23%24%25%26%27%28%29%2A%2B%2C%2F%3A%3B%3D%3F%40%5B%5D', 'reserved ones do not');
select is(utils.url_encode('é𝒳' || chr(10)), '%C3%A9%F0%9D%92%B3%0A', 'UTF-8, byte by byte');
select is(utils.url_encode(''), '', 'nothing');
select * from finish();
