-- supersede_task_sets: what a promotion of a handler, or of a view set that names handlers,
-- means for its task sets. Internal: switch_handlers(), switch_versions().
--
-- A set that is open is finished by its own version, or another one takes its place, as its policy
-- says. Where the former version is rolled back, none of its sets is finished, and next ones follow
-- those of it that readers see. maintain() opens them, and ends the tasks of those that are over.
--
-- Arguments   handler: which. former, wanted: its live version before, and now. is_rollback: wanted
--             was live before former.
-- Locks       the sets' rows, until the transaction ends: a member that is being completed is
--             waited for.
-- Tables      task_set: update. task_set_shown: read. task_set_touch: insert.
create or replace function supersede_task_sets(
    handler text, former integer, wanted integer, is_rollback boolean)
returns void
language sql
volatile
set search_path from current
as $$
    with ended as (
        update task_set s
           set state = 'superseded', ended_at = clock_timestamp(), clear_at = clock_timestamp(),
               reason = pg_catalog.format(
                   case when supersede_task_sets.is_rollback then 'version %s was rolled back to %s'
                        else 'version %s was live, now %s is' end, s.version,
                   supersede_task_sets.wanted)
         where s.handler = supersede_task_sets.handler and s.state = 'open'
           and s.version <> supersede_task_sets.wanted
           and (s.on_promotion = 'restart'
                or supersede_task_sets.is_rollback and s.version = supersede_task_sets.former)
        returning s.key
    )
    insert into task_set_touch (handler, key)
    select supersede_task_sets.handler, e.key from ended e
     union
    select k.handler, k.key
      from task_set_shown k
      join task_set s on s.id = k.task_set and s.handler = k.handler
     where supersede_task_sets.is_rollback and k.handler = supersede_task_sets.handler
       and k.version = supersede_task_sets.former;
$$;
