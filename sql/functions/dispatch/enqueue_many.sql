-- enqueue_many: many tasks for one handler, in their order, in one statement.
--
-- Arguments   handler: as enqueue(). payloads: one for each task. lane: of all; see enqueue().
-- Returns     the ids, in the order of the payloads.
-- Raises      as enqueue().
-- Tables      task, task_ready: insert. handler: read. The lane: see enter_lanes().
-- Access: dispatch, node, orchestrate
create or replace function enqueue_many(handler text, payloads jsonb[], lane text default null)
returns bigint[]
language plpgsql
volatile
security definer
set search_path from current
as $$
#variable_conflict use_column
declare
    needs integer;
    lane  text := enqueue_many.lane;
    ids   bigint[];
begin
    select h.requirement, coalesce(lane, case when h.is_fair then fair_lane_name(null::text) end)
      into needs, lane
      from handler h where h.name = enqueue_many.handler and not h.is_full;
    if needs is null then
        perform refuse_handler(enqueue_many.handler);
    end if;
    if enqueue_many.lane is not null then
        perform lock_turn(enqueue_many.handler, enqueue_many.lane);
    end if;
    with added as (
        insert into task (requirement, payload, lane)
        select needs, p.payload, lane
          from pg_catalog.unnest(enqueue_many.payloads) with ordinality as p (payload, ordinal)
         order by p.ordinal
        returning id
    ), readied as (
        insert into task_ready (requirement, rank, place, task)
        select needs, ready_rank(0, false), a.id, a.id
          from added a
         where lane is null
    )
    select coalesce(pg_catalog.array_agg(a.id order by a.id), '{}') into ids from added a;
    if lane is not null then
        perform enter_lanes(ids, null, null);
    elsif pg_catalog.pg_sequence_last_value('task_doorbell') is not null then
        perform ring_nodes(needs, cardinality(ids));
    end if;
    return ids;
end;
$$;
