-- open_rank: let claims look at the tasks of a priority. Internal: requirement_of(),
-- enqueue_apart(), update_task().
--
-- Two that come first at the same time add two rows each; the newer ones count.
--
-- Arguments   requirement: of which. priority: of the tasks.
-- Tables      task_floor: read, insert.
create or replace function open_rank(requirement integer, priority integer)
returns void
language sql
volatile
set search_path from current
as $$
    insert into task_floor (requirement, rank)
    select open_rank.requirement, r.rank
      from (values (ready_rank(open_rank.priority, true)),
                   (ready_rank(open_rank.priority, false))) as r (rank)
     where not exists (select from task_floor f
                        where f.requirement = open_rank.requirement and f.rank = r.rank);
$$;
