-- workflow_runs: runs of workflows, the newest first, a page at a time. For `baton workflows list`.
--
-- Arguments   of_name: of this workflow; of_key: with this key; of_state: running, failed,
--             compensating, done, compensated, cancelled, or paused. Null: any. before: only those
--             with a lower id; null: from the newest on. page_size: so many at most, 1 to 1000.
-- Returns     one row for each, with what why_workflow() says of it.
-- Raises      BT064 the page's size is none, or there is no such state.
-- Cost        of a page, where one of name, key and state is said; of a name and a state of what is
--             in that state, 10000 at most: then fewer than a page can be the end.
-- Tables      workflow_run: read.
-- Access: observe, orchestrate
create or replace function workflow_runs(
    of_name text default null, of_state text default null, of_key text default null,
    before bigint default null, page_size integer default 50)
returns table (
    run bigint, name text, version integer, digest text, key text, tenant text, state text,
    step text, task bigint, reason text, found text, fix text, started_at timestamptz,
    started_by name, ended_at timestamptz)
language plpgsql
stable
security definer
set search_path from current
set jit = off
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
    states constant text[] := '{running,failed,compensating,done,compensated,cancelled,paused}';
    runs   bigint[];
begin
    if workflow_runs.page_size between 1 and 1000 is not true then
        raise exception 'a page of % runs is none; give a number from 1 to 1000',
            coalesce(workflow_runs.page_size::text, 'null')
            using errcode = 'BT064';
    elsif workflow_runs.of_state <> all (states) then
        raise exception 'there is no state %; runs are %',
            pg_catalog.quote_literal(pg_catalog.left(workflow_runs.of_state, 40)),
            pg_catalog.array_to_string(states, ', ')
            using errcode = 'BT064';
    end if;
    runs := array(select run_candidates(
        workflow_runs.of_name, workflow_runs.of_state, workflow_runs.of_key,
        coalesce(workflow_runs.before, 9223372036854775807), workflow_runs.page_size));
    return query
        select r.id, r.name, r.version, r.digest, r.key, r.tenant::text, w.state, w.step, w.task,
               w.reason, w.found, w.fix, r.started_at, r.started_by, r.ended_at
          from pg_catalog.unnest(runs) as c (id)
         cross join lateral (select n.* from workflow_run n where n.id = c.id limit 1) as r
         cross join lateral why_workflow(c.id) as w
         order by r.id desc;
end;
$$;
