-- check_retention: whether what retention wants gone can go. Part of doctor().
--
-- Returns     one row of doctor().
-- Tables      log_retention: read.
create or replace function check_retention()
returns table (check_name text, state text, found text, fix text)
language sql
volatile
set search_path from current
as $$
    select 'retention', case when r.waits_for is null then 'ok' else 'warning' end,
           case when r.age is null and r.bytes is null then 'every event is kept'
                else 'events are kept for ' || pg_catalog.concat_ws(
                        ', or up to ', r.age::text, pg_catalog.pg_size_pretty(r.bytes)) end
           || case when r.begins_after > 0
                   then '; the log begins after position ' || r.begins_after::text else '' end
           || coalesce('; the oldest partition is kept: ' || r.waits_for, ''),
           case when r.waits_for is not null
                then 'let that go on, or end it: a build by `baton retire`, a bookmark by `baton '
                     'bookmarks move` or `remove`, a task set by `baton task-sets abandon`' end
      from log_retention r
     where r.only_row;
$$;
