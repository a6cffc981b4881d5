-- Whatever is wrong with a call is said, and nothing is claimed by it.
select plan(15);

select test_setup.set_up_misuse();
create temp table before as select test_setup.fingerprint() as work;

select is(test_setup.misuse(m.call, m.person, m.role), m.answer, m.what)
from (
  values
    (1, 'no worker', 'select * from etl_api.claim_run_requests(null, 10)', null, 'none',
      'ETL04 worker is NULL: it must be a name of 1 to 200 characters | Name the process that claims, so that an operator finds it.'),
    (2, 'an empty worker', 'select * from etl_api.claim_run_requests('''', 10)', null, 'service_role',
      'ETL04 worker is '''': it must be a name of 1 to 200 characters | Name the process that claims, so that an operator finds it.'),
    (3, 'a worker of 20 MB', 'select * from etl_api.claim_run_requests(repeat(''w'', 20000000), 10)', null, 'none',
      'ETL04 worker is ''' || repeat('w', 50) || ''': it must be a name of 1 to 200 characters | Name the process that claims, so that an operator finds it.'),
    (4, 'no number', 'select * from etl_api.claim_run_requests(''one'', null)', null, 'none',
      'ETL04 max_requests is null: it must be between 1 and 1000 | Claim in batches; 50 to 200 is a good size.'),
    (5, 'nothing', 'select * from etl_api.claim_run_requests(''one'', 0)', null, 'none',
      'ETL04 max_requests is 0: it must be between 1 and 1000 | Claim in batches; 50 to 200 is a good size.'),
    (6, 'less than nothing', 'select * from etl_api.claim_run_requests(''one'', -2147483648)', null, 'none',
      'ETL04 max_requests is -2147483648: it must be between 1 and 1000 | Claim in batches; 50 to 200 is a good size.'),
    (7, 'too much', 'select * from etl_api.claim_run_requests(''one'', 2147483647)', null, 'none',
      'ETL04 max_requests is 2147483647: it must be between 1 and 1000 | Claim in batches; 50 to 200 is a good size.'),
    (8, 'more than a number holds', 'select * from etl_api.claim_run_requests(''one'', 2147483648)', null, 'none',
      '42883 function etl_api.claim_run_requests(unknown, bigint) does not exist | No function matches the given name and argument types. You might need to add explicit type casts.'),
    (9, 'no number at all', 'select * from etl_api.claim_run_requests(''one'', ''many'')', null, 'none',
      '22P02 invalid input syntax for type integer: "many"'),
    (10, 'a member of the org', 'select * from etl_api.claim_run_requests(''one'', 10)', 'mia', 'authenticated', '42501 permission denied for function claim_run_requests'),
    (11, 'a member of another', 'select * from etl_api.claim_run_requests(''one'', 10)', 'otto', 'authenticated', '42501 permission denied for function claim_run_requests'),
    (12, 'anon', 'select * from etl_api.claim_run_requests(''one'', 10)', null, 'anon', '42501 permission denied for schema etl_api')
) as m (n, what, call, person, role, answer)
order by m.n;

select is(test_setup.fingerprint(), work, 'nothing was claimed') from before;
select isnt(test_setup.misuse('select * from etl_api.claim_run_requests(''one'', 1)'), 'nothing', 'there was something to claim');
select is(test_setup.misuse('select * from etl_api.claim_run_requests(''one'', 1000) where false', null, 'service_role'), 'nothing', 'the service may');

select * from finish();
