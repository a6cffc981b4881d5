select plan(1);

select results_eq(
  $$select utils.url_host(u.url)
    from unnest(array[
      'https://client.test/hook', 'HTTPS://Client.Test:8443?x=/y', 'https://user:secret@client.test#top', 'http://[::1]:54321/a@b',
      'https://', 'client.test/hook', null]) with ordinality as u (url, n)
    order by u.n$$,
  $$values ('client.test'), ('client.test:8443'), ('client.test'), ('[::1]:54321'), (null), (null), (null)$$,
  'the host with its port, lower-case, without user and password; null when there is none');

select * from finish();
