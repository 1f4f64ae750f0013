-- sweep_tasks: delete the oldest tasks that ended long enough ago, one by one: where so few are
-- made that a partition lasts for long, and in the default partition, which is never dropped.
-- Internal: forget_history().
--
-- Arguments   at_most: at how many it looks, in each of the two.
-- Returns     how many it deleted.
-- Tables      task, task_end, task_failure: delete. maintenance: update. task_partition,
--             task_default, event_limit: read.
create or replace function sweep_tasks(at_most integer)
returns integer
language plpgsql
volatile
set search_path from current
set jit = off
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
    current_id constant bigint := (select max(p.first_id) from task_partition p
                                    where p.first_id <= task_id_value());
    until      constant timestamptz := clock_timestamp()
        - (select l.task_history from event_limit l where l.only_row);
    oldest     bigint[];
    kept       bigint[];
    swept      integer;
begin
    oldest := array(
        select o.id
          from ((select t.id, t.enqueued_at from task t
                  where t.id >= current_id order by t.id limit sweep_tasks.at_most)
                 union
                (select d.id, d.enqueued_at from task_default d
                  order by d.id limit sweep_tasks.at_most)) as o
         where o.enqueued_at < until
         order by o.id);
    kept := array(
        select l.task
          from live_tasks(oldest[1], oldest[cardinality(oldest)] + 1, 1000000) as l
         where l.task = any (oldest));
    with gone as (
        delete from task_end e
         where e.task = any (oldest) and e.ended_at < until
           and e.task <> all (kept)
        returning task
    ), failures as (
        delete from task_failure f where f.task in (select g.task from gone g)
    )
    delete from task t where t.id in (select g.task from gone g);
    get diagnostics swept = row_count;
    update maintenance m
       set swept_task = greatest(m.swept_task, oldest[cardinality(oldest)])
     where m.only_row and swept > 0;
    return swept;
end;
$$;
