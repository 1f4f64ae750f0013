-- clear_keys: delete unique keys that no task has any more, nor may soon (enqueue(every => ...)),
-- some in each pass. Internal: maintain().
--
-- Arguments   at_most: at how many it looks. Where it ended is where the next pass begins.
-- Locks       the keys; it passes by those that others have locked.
-- Tables      task_key: read, delete. task_end: read. maintenance: read, update.
create or replace function clear_keys(at_most integer)
returns void
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
    begin_after constant bigint := (select m.key_task from maintenance m where m.only_row);
    seen        bigint[];
begin
    select coalesce(pg_catalog.array_agg(s.task order by s.task), '{}') into seen
      from (select k.task
              from task_key k
             where k.task > begin_after
             order by k.task
             limit clear_keys.at_most
               for update skip locked) as s;
    -- Another statement: nobody can take or give a key that is locked by now.
    delete from task_key k
     where k.task = any (seen)
       and exists (select from task_end e where e.task = k.task)
       and (k.free_at is null or k.free_at <= clock_timestamp())
       and (k.next is null or exists (select from task_end e where e.task = k.next));
    if begin_after > 0 or cardinality(seen) > 0 then
        update maintenance
           set key_task = case when cardinality(seen) < clear_keys.at_most then 0
                               else seen[cardinality(seen)] end
         where only_row;
    end if;
end;
$$;
