-- run_candidates: which runs of workflows a page has. Internal: workflow_runs(), which see.
--
-- Each way has a statement of its own, whose index gives the order.
--
-- Arguments   name, state, key: null for any. before: only those with a lower id. at_most: so many.
-- Tables      workflow_run, workflow: read.
create or replace function run_candidates(
    name text, state text, key text, before bigint, at_most integer)
returns setof bigint
language plpgsql
stable
set search_path from current
set jit = off
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
as $$
#variable_conflict use_column
begin
    if run_candidates.key is not null and run_candidates.name is not null then
        return query select r.id from workflow_run r
            where r.name = run_candidates.name and r.key = run_candidates.key
              and r.id < run_candidates.before
              and (run_candidates.state is null or r.state = run_candidates.state
                   or run_candidates.state = 'paused' and r.paused_at is not null);
    elsif run_candidates.key is not null then
        return query select r.id from workflow w
            cross join lateral run_candidates(w.name, run_candidates.state, run_candidates.key,
                                              run_candidates.before, 1) as r (id)
            order by 1 desc limit run_candidates.at_most;
    elsif run_candidates.state = 'paused' then
        return query select r.id from workflow_run r
            where r.paused_at is not null and r.id < run_candidates.before
              and (run_candidates.name is null or r.name = run_candidates.name)
            order by r.id desc limit run_candidates.at_most;
    elsif run_candidates.state is not null then
        return query select p.id
            from (select r.id, r.name from workflow_run r
                   where r.state = run_candidates.state and r.id < run_candidates.before
                   order by r.id desc
                   limit case when run_candidates.name is null then run_candidates.at_most
                              else 10000 end) as p
            where run_candidates.name is null or p.name = run_candidates.name
            order by p.id desc limit run_candidates.at_most;
    elsif run_candidates.name is not null then
        return query select r.id from workflow_run r
            where r.name = run_candidates.name and r.id < run_candidates.before
            order by r.id desc limit run_candidates.at_most;
    else
        return query select r.id from workflow_run r where r.id < run_candidates.before
            order by r.id desc limit run_candidates.at_most;
    end if;
end;
$$;
