-- workflow_notes: how many runs of workflows have failed, or are paused, for status(). Internal.
--
-- Returns     a line for each, for people; none where there is none.
-- Cost        it stops counting at 10000.
-- Tables      workflow_run: read.
create or replace function workflow_notes()
returns text[]
language sql
stable
set search_path from current
set jit = off
set enable_seqscan = off
as $$
    select array(
        select pg_catalog.format('%s%s %s; see `baton workflows list --state %s`', n.count,
                   case when n.count = 10000 then ' or more' else '' end,
                   case when n.count = 1 then 'run of a workflow ' || n.one
                        else 'runs of workflows ' || n.many end, n.state)
          from (select (select count(*) from (select from workflow_run r
                                               where r.state = 'failed' limit 10000) as f) as count,
                       'has failed' as one, 'have failed' as many, 'failed' as state
                 union all
                select (select count(*) from (select from workflow_run r
                                               where r.paused_at is not null limit 10000) as p),
                       'is paused', 'are paused', 'paused') as n
         where n.count > 0);
$$;
