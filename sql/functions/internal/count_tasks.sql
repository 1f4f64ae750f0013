-- count_tasks: count how tasks ended under some claims, and the attempts that failed, by handler,
-- version and tenant. Internal: clear_claims(), keep_statistics(). The caller has the turn
-- 'maintenance'.
--
-- A claim goes when nothing of it is left, once, in the transaction that counts what became of its
-- tasks: so each is counted once, however late its COMMIT came, and an end costs whoever ends it
-- nothing. Of a claim that goes on for longer what has ended is counted meanwhile, and noted.
--
-- Arguments   claims: which. are_over: nothing comes any more; else they go on.
-- Tables      task, requirement: read. statistic_claim: delete. statistic_part: insert, update,
--             delete. See ends_under(), add_statistics().
create or replace function count_tasks(claims bigint[], are_over boolean)
returns void
language plpgsql
volatile
set search_path from current
set jit = off
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
    counted statistic[];
    tasks   bigint[];
    claims  bigint[];
begin
    with known as materialized (
        select b.*, t.requirement, coalesce(t.tenant, '') as tenant,
               duration_step(b.claimed_at - t.enqueued_at) as waited,
               duration_step(b.ended_at - b.claimed_at) as ran
          from ends_under(count_tasks.claims) as b
         cross join lateral (
            select t.requirement, t.tenant, t.enqueued_at
              from task t where t.id = b.task limit 1) as t
    ), spans as (
        select pg_catalog.date_bin('1 minute', k.ended_at, 'epoch') as bucket_at, k.requirement,
               k.tenant, k.outcome, k.is_last, k.waited, k.ran, count(*) as ends
          from known k
         group by 1, 2, 3, 4, 5, 6, 7
    ), grouped as (
        select s.bucket_at, s.requirement, s.tenant,
               coalesce(sum(s.ends) filter (where s.outcome = 'done'), 0)::bigint as done,
               coalesce(sum(s.ends) filter (where s.outcome = 'failed'), 0)::bigint as failed,
               coalesce(sum(s.ends) filter (where s.outcome = 'lost'), 0)::bigint as lost,
               coalesce(sum(s.ends) filter (where s.is_last), 0)::bigint as dead,
               histogram_of(pg_catalog.array_agg(s.waited) filter (where s.outcome = 'done'),
                            pg_catalog.array_agg(s.ends) filter (where s.outcome = 'done'))
                   as waited,
               histogram_of(pg_catalog.array_agg(s.ran) filter (where s.outcome = 'done'),
                            pg_catalog.array_agg(s.ends) filter (where s.outcome = 'done')) as ran
          from spans s
         group by s.bucket_at, s.requirement, s.tenant
    )
    select array(
               select row('handler', false, g.bucket_at, r.handler, r.version, g.tenant, 0, g.done,
                          g.failed, g.lost, g.dead, 0, g.waited, g.ran)::statistic
                 from grouped g
                 join requirement r on r.id = g.requirement),
           array(select k.claim from known k
                  where not count_tasks.are_over order by k.claim, k.task),
           array(select k.task from known k
                  where not count_tasks.are_over order by k.claim, k.task)
      into counted, claims, tasks;
    perform add_statistics(merged_statistics(counted));
    if count_tasks.are_over then
        delete from statistic_part p where p.claim = any (count_tasks.claims);
        delete from statistic_claim o where o.claim = any (count_tasks.claims);
        return;
    end if;
    insert into statistic_part as p (claim, tasks)
    select c.claim, pg_catalog.array_agg(c.task)
      from unnest(claims, tasks) as c (claim, task)
     group by c.claim
    on conflict (claim) do update set tasks = p.tasks || excluded.tasks;
end;
$$;
