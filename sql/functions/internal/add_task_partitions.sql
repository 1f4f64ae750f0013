-- add_task_partitions: have partitions of task and task_end for the next ids, well before they are
-- needed. Internal: forget_history().
--
-- As add_event_partitions() does it for the log, which says why. What ran ahead stays in the
-- default partition, which ATTACH reads under its lock: that holds little, unless more than 10
-- million were made while nobody called maintain().
--
-- Arguments   rows: how many ids a partition holds; null: see partition_rows(). ahead: for how many
--             there has to be room.
-- Returns     how many partitions of task were added: 1 at most.
-- Locks       access exclusive on the default partitions, for which it waits 50 ms (55P03).
-- Tables      task_partition: read, insert. task_default: lock.
-- Cost        where there is nothing to do, of a look at one row.
create or replace function add_task_partitions(
    rows bigint default null, ahead bigint default 10000000)
returns integer
language plpgsql
volatile
set search_path from current
set lock_timeout = '50ms'
as $$
declare
    top_id   constant bigint := (select max(p.upper_id) from task_partition p);
    first_id bigint;
    upper_id bigint;
    parent   text;
begin
    if top_id > task_id_value() + ahead then
        return 0;
    end if;
    lock table task_default, task_end_default in access exclusive mode;
    -- Near the edge it begins well above: a statement that runs now does not know it.
    first_id := top_id;
    if task_id_value() + ahead / 2 >= top_id then
        first_id := greatest(top_id, task_id_value() + 1 + ahead);
    end if;
    upper_id := first_id + coalesce(add_task_partitions.rows, partition_rows());
    foreach parent in array array['task', 'task_end'] loop
        execute pg_catalog.format(
            'create table %I (like %I including defaults including constraints)',
            parent || '_from_' || first_id::text, parent);
        execute pg_catalog.format('revoke all on type %I from public',
                                  parent || '_from_' || first_id::text);
        execute pg_catalog.format(
            'alter table %I attach partition %I for values from (%s) to (%s)',
            parent, parent || '_from_' || first_id::text, first_id, upper_id);
    end loop;
    insert into task_partition (first_id, upper_id) values (first_id, upper_id);
    return 1;
end;
$$;
