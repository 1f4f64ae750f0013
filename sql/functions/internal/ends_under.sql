-- ends_under: how tasks were done under some claims, and which attempts failed; but for what was
-- counted before. Internal: count_tasks().
--
-- Arguments   claims: which; those that hand_back() ended, too.
-- Returns     a row for each task that was done, or failed. outcome: done, failed or lost; is_last:
--             and it is dead. claimed_at: null where it failed.
-- Tables      task_claim, task_end, task_failure, statistic_claim, statistic_part: read.
-- Cost        of the tasks of these claims: a scan of the index for each claim.
create or replace function ends_under(claims bigint[])
returns table (
    claim bigint, task bigint, ended_at timestamptz, claimed_at timestamptz, outcome text,
    is_last boolean)
language plpgsql
stable
set search_path from current
set jit = off
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
begin
    return query
        with held as materialized (
            -- What failed is the claim's no more, unless its node went away with it.
            select c.id as claim, c.tasks, c.returned as may_have_failed,
                   coalesce(p.tasks, '{}') as counted
              from (select c.id, c.tasks, c.returned
                      from task_claim c where c.id = any (ends_under.claims)
                     union all
                    select o.claim, o.tasks, o.tasks from statistic_claim o
                     where o.claim = any (ends_under.claims)) as c
              left join statistic_part p on p.claim = c.id
        )
        select h.claim, e.task, e.ended_at, e.claimed_at, 'done', false
          from held h
         cross join lateral (
            select e.* from task_end e where e.task = any (h.tasks) offset 0) as e
         where e.claim = h.claim and e.outcome = 'done' and e.task <> all (h.counted)
         union all
        select h.claim, f.task, f.failed_at, null, f.outcome, f.is_last
          from held h
         cross join lateral (
            select f.* from task_failure f where f.task = any (h.may_have_failed) offset 0) as f
         where f.claim = h.claim and f.task <> all (h.counted);
end;
$$;
