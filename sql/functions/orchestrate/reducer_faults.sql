-- reducer_faults: what can be seen in a SQL reducer's functions that a fold must not do. Internal:
-- check_views(), and registration in C++.
--
-- Text is read, not meaning: what is put together at run time is not found here. What changes the
-- session is found by call_sql_reducer(), too.
--
-- Tables    reducer_version: read.
-- Returns   one row each. is_refused: it cannot be meant well; else it is to be warned of, as a
--           word in a text may be meant. found: a clause to follow the reducer's name.
-- Access: orchestrate
create or replace function reducer_faults(name text, version integer)
returns table (is_refused boolean, found text)
language sql
stable
set search_path from current
set standard_conforming_strings = on
as $$
    with source as materialized (
        select reducer_text(reducer_faults.name, reducer_faults.version) as body
    ), fault (is_refused, pattern, found) as (values
        -- Where a statement begins: at the start, after ; or a word of PL/pgSQL, or in a text that
        -- is run.
        (true, '(?:^|;|\mbegin\M|\mthen\M|\melse\M|\mloop\M|'')\s*'
               '(set\s+(?:local|session|role|constraints|transaction|time\s+zone'
               '|[a-z_.]+\s*(?:=|to\M))'
               '|reset\s|discard\s|listen\s|unlisten\s|prepare\s|deallocate\s)',
         'changes its session, where others work, too: give the function a SET clause instead'),
        (true, '(\mset_config\s*\(\s*''(?:baton\.)?[a-z_]+'')',
         'changes a setting of its session, where others work, too: give the function a SET clause '
         'instead'),
        (true, '(\mcreate\s+(?:local\s+|global\s+)?(?:temp|temporary)\M)',
         'makes a temporary table, which outlives the call: use a CTE'),
        (true, '(\mpg_(?:try_)?advisory_(?:un)?lock(?:_shared|_all)?\s*\()',
         'takes or frees a lock of its session, where others work, too'),
        (true, '(\m(?:now|random|random_normal|clock_timestamp|statement_timestamp'
               '|transaction_timestamp|timeofday|gen_random_uuid|uuid_generate_v[14]\w*|setseed'
               '|nextval|txid_current|pg_current_xact_id|pg_backend_pid)\s*\()',
         'would give other rows each time that the log is read'),
        (true, '(?<![\w.''"])(current_timestamp|current_date|current_time|localtimestamp|localtime)'
               '(?![\w''"])',
         'would give other rows each time that the log is read: use dispatched_at of the event'),
        (true, '(\m(?:dispatch|dispatch_many|dispatch_bytes|wait_for|promote|roll_back'
               '|declare_event_types)\s*\()',
         'would do it again each time that the log is read: a reducer changes its own view only'),
        (false, '(''(?:now|today|yesterday|tomorrow)'')',
         'gives other rows each time that the log is read, if it is meant as a time'),
        (false, '(\mcurrent_setting\s*\(|\m(?:current_user|session_user)\M)',
         'depends on who runs it, and where')
    )
    select f.is_refused,
           pg_catalog.format('%s: it %s', pg_catalog.btrim(m.words[1], E' \n\t;'''), f.found)
      from fault f
     cross join source s
     cross join lateral (
        select pg_catalog.regexp_match(s.body, f.pattern) as words) as m
     where m.words is not null
     union all
    select distinct true, pg_catalog.format(
               '%s: it writes into what is not its own: each view is written by its own reducer '
               'alone', t.target)
      from source s
     cross join lateral pg_catalog.regexp_matches(
        s.body, '\m(?:insert\s+into|update|delete\s+from|merge\s+into|truncate(?:\s+table)?)\s+'
                '(?:only\s+)?(?:[a-z0-9_]+\.)?"?([a-z_][a-z0-9_]*)"?', 'g') as w (words)
     cross join lateral (select w.words[1] as target) as t
     where t.target !~ ('^' || reducer_faults.name || '__v' || reducer_faults.version::text
                        || '(_|$)')
       and (exists (select from pg_class c
                     where c.relnamespace = current_schema()::regnamespace
                       and c.relname = t.target and c.relkind in ('r', 'p', 'v'))
            or exists (select from reducer_version r where r.name = t.target));
$$;
