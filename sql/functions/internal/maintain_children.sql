-- maintain_children: let go on what waited for tasks that have ended, and was not seen by whoever
-- ended them: free_children(). Internal: maintain().
--
-- It looks at some of the tasks for which others wait, and at the next ones in the next pass, so
-- very many of them cost a pass no more.
--
-- Arguments   at_most: how many of those, and how many go on.
-- Returns     whether there is more to do than one pass may.
-- Tables      task_due: read. maintenance: read, update. task_watch: see forget_watches(). See
--             free_children().
-- Cost        where nothing waits for another task, of a look at an empty index and an empty table.
create or replace function maintain_children(at_most integer)
returns boolean
language plpgsql
volatile
set search_path from current
set jit = off
set enable_seqscan = off
set enable_bitmapscan = off
as $$
#variable_conflict use_column
declare
    begin_after constant bigint := (select m.after_task from maintenance m where m.only_row);
    parents     bigint[];
    freed       integer;
    is_watched  boolean;
begin
    -- They have the gate in common: see complete_many().
    is_watched := forget_watches();
    if not is_watched and not exists (select from task_due d where d.after is not null) then
        if pg_catalog.pg_sequence_last_value('task_parents') is not null then
            perform pg_catalog.setval('task_parents', 1, false);
        end if;
        return false;
    end if;
    -- One that was on its way to a commit when nothing seemed to wait.
    if pg_catalog.pg_sequence_last_value('task_parents') is null then
        perform pg_catalog.setval('task_parents', 1, true);
    end if;

    with recursive parent as (
        (select d.after, 1 as number
           from task_due d where d.after > begin_after order by d.after limit 1)
         union all
        select n.after, p.number + 1
          from parent p
         cross join lateral (
            select d.after from task_due d where d.after > p.after order by d.after limit 1) as n
         where p.number < maintain_children.at_most
    )
    select pg_catalog.array_agg(p.after order by p.after) into parents from parent p;
    freed := free_children(parents, maintain_children.at_most);
    update maintenance
       set after_task = case when freed >= maintain_children.at_most then begin_after
                             when cardinality(parents) >= maintain_children.at_most
                             then parents[cardinality(parents)]
                             else 0 end
     where only_row;
    return freed >= maintain_children.at_most or (begin_after > 0 and parents is null);
end;
$$;
