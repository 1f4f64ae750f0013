-- add_members: make the tasks of a task set's members. Internal: add_to_task_set(), open_set().
--
-- Arguments   task_set: an open one. members: {"2014-01": payload, ...}; in a set of several
--             handlers {"2014-01": {"handler": "compute_month", "payload": payload}, ...}.
-- Returns     how many.
-- Raises      BT042 see require_members(). BT001, BT002 see enqueue().
-- Notifies    nodes that sleep.
-- Tables      task_set_member: insert. task_set, task_set_pin: read. task, task_ready: insert.
create or replace function add_members(task_set bigint, members jsonb)
returns integer
language plpgsql
volatile
set search_path from current
set jit = off
as $$
#variable_conflict use_column
declare
    has_one constant boolean := (select s.build is not null from task_set s
                                  where s.id = add_members.task_set);
    added integer := 0;
    made  record;
begin
    perform require_members(add_members.task_set, add_members.members);
    -- raise_floors() relies on "xid taken, then id drawn".
    perform pg_current_xact_id();
    for made in
        with wanted as materialized (
            select m.key as member, p.requirement,
                   case when has_one then m.value else coalesce(m.value -> 'payload', '{}') end
                       as payload,
                   pg_catalog.nextval(pg_get_serial_sequence('task', 'id')) as task
              from (select e.key, e.value
                      from pg_catalog.jsonb_each(add_members.members) as e
                     order by e.key collate "C") as m
              join task_set_pin p on p.task_set = add_members.task_set
                                 and (has_one or p.handler = m.value ->> 'handler')
        ), made as (
            insert into task (id, requirement, payload)
            overriding system value
            select w.task, w.requirement, w.payload from wanted w
        ), readied as (
            insert into task_ready (requirement, rank, place, task)
            select w.requirement, ready_rank(0, false), w.task, w.task from wanted w
        ), joined as (
            insert into task_set_member (task_set, requirement, member, task, payload)
            select add_members.task_set, w.requirement, w.member, w.task, w.payload from wanted w
            returning requirement
        )
        select j.requirement, count(*)::integer as tasks
          from joined j group by j.requirement order by j.requirement
    loop
        added := added + made.tasks;
        if pg_catalog.pg_sequence_last_value('task_doorbell') is not null then
            perform ring_nodes(made.requirement, made.tasks);
        end if;
    end loop;
    return added;
end;
$$;
