-- add_members: make the tasks of a task set's members. Internal: add_to_task_set(), open_set().
--
-- Arguments   task_set: an open one. members: {"2014-01": payload, ...}.
-- Returns     how many.
-- Raises      BT042 they are no JSON object, a name is too long, or is a member already. BT001,
--             BT002 see enqueue().
-- Notifies    nodes that sleep.
-- Tables      task_set_member: read, insert. task_set: read. task, task_ready: insert.
create or replace function add_members(task_set bigint, members jsonb)
returns integer
language plpgsql
volatile
set search_path from current
set jit = off
as $$
#variable_conflict use_column
declare
    needs integer := (select s.requirement from task_set s where s.id = add_members.task_set);
    added integer;
    unfit text;
begin
    if pg_catalog.jsonb_typeof(add_members.members) is distinct from 'object' then
        raise exception 'the members of a task set are no JSON object: {"2014-01": payload, ...}'
            using errcode = 'BT042';
    end if;
    select m.name into unfit
      from pg_catalog.jsonb_object_keys(add_members.members) as m (name)
     where octet_length(m.name) not between 1 and 128
        or exists (select from task_set_member o
                    where o.task_set = add_members.task_set and o.member = m.name)
     limit 1;
    if found then
        raise exception 'member % of task set %: %', pg_catalog.left(unfit, 128),
            add_members.task_set,
            case when octet_length(unfit) between 1 and 128 then 'it is there already'
                 else 'a name has 1 to 128 bytes' end
            using errcode = 'BT042';
    end if;

    -- raise_floors() relies on "xid taken, then id drawn".
    perform pg_current_xact_id();
    with wanted as materialized (
        select m.key as member, m.value as payload,
               pg_catalog.nextval(pg_get_serial_sequence('task', 'id')) as task
          from (select e.key, e.value
                  from pg_catalog.jsonb_each(add_members.members) as e
                 order by e.key collate "C") as m
    ), made as (
        insert into task (id, requirement, payload)
        overriding system value
        select w.task, needs, w.payload from wanted w
    ), readied as (
        insert into task_ready (requirement, rank, place, task)
        select needs, ready_rank(0, false), w.task, w.task from wanted w
    ), joined as (
        insert into task_set_member (task_set, requirement, member, task, payload)
        select add_members.task_set, needs, w.member, w.task, w.payload from wanted w
        returning task
    )
    select count(*) into added from joined;
    if added > 0 and pg_catalog.pg_sequence_last_value('task_doorbell') is not null then
        perform ring_nodes(needs, added);
    end if;
    return added;
end;
$$;
