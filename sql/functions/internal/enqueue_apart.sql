-- enqueue_apart: enqueue() and enqueue_bytes() with whatever can be said. Internal.
--
-- Arguments, returns, raises  as enqueue(); and body and content_type. event_id: the event that it
--           follows from, in the batch that folds it; null: somebody makes it. What follows from an
--           event is held to no limit_waiting(), and waits for nobody who makes tasks of its lane.
-- Tables    task, task_ready, task_due: insert. handler: read. requirement: see requirement_of().
--           task_floor: see open_rank(). task_key: see give_key(). task_end: see settle_key(). The
--           lane: see bring_back().
create or replace function enqueue_apart(
    handler      text,
    payload      jsonb,
    body         bytea,
    content_type text,
    run_at       timestamptz,
    priority     integer,
    labels       text[],
    tenant       text,
    meta         jsonb,
    schema_version integer,
    unique_key   text,
    on_conflict  text,
    lane         text,
    longest_wait interval,
    event_id     bigint
)
returns bigint
language plpgsql
volatile
security definer
set search_path from current
as $$
#variable_conflict use_column
declare
    known    handler;
    needs    integer;
    spot     record;
    follows  bigint;
    run_at   timestamptz := enqueue_apart.run_at;
    new_task bigint;
begin
    select h.* into known from handler h where h.name = enqueue_apart.handler;
    if known.name is null then
        perform refuse_handler(enqueue_apart.handler);
    end if;
    perform require_task_options(enqueue_apart.schema_version, enqueue_apart.priority,
                                 enqueue_apart.longest_wait);
    needs := case when coalesce(cardinality(enqueue_apart.labels), 0) = 0 then known.requirement
                  else requirement_of(known.name, known.live_version, enqueue_apart.labels) end;

    if enqueue_apart.priority <> 0 then
        perform open_rank(needs, enqueue_apart.priority);
    end if;

    if enqueue_apart.unique_key is not null then
        select s.* into strict spot
          from settle_key(known.name, enqueue_apart.unique_key, enqueue_apart.on_conflict) as s;
        if spot.standing is not null then
            return spot.standing;
        end if;
        follows := spot.follows;
        run_at := least(run_at, spot.since + enqueue_apart.longest_wait);
    end if;

    perform refuse_handler(known.name) where known.is_full and enqueue_apart.event_id is null;
    perform lock_turn(known.name, enqueue_apart.lane)
      where enqueue_apart.lane is not null and enqueue_apart.event_id is null;
    insert into task (requirement, event_id, priority, payload, body, content_type, meta, lane,
                      tenant, schema_version, unique_key)
    values (needs, enqueue_apart.event_id, enqueue_apart.priority, enqueue_apart.payload,
            enqueue_apart.body, enqueue_apart.content_type, enqueue_apart.meta, enqueue_apart.lane,
            enqueue_apart.tenant, enqueue_apart.schema_version, enqueue_apart.unique_key)
    returning id into new_task;
    if run_at > clock_timestamp() or follows is not null then
        insert into task_due (due_at, task, follows)
        values (coalesce(run_at, clock_timestamp()), new_task, follows);
    elsif enqueue_apart.lane is not null or run_at < enqueue_apart.run_at then
        -- One that has waited for the longest does not stand behind all others once more.
        perform bring_back(array[new_task], null, null);
    else
        insert into task_ready (requirement, rank, place, task)
        values (needs, ready_rank(enqueue_apart.priority, false), new_task, new_task);
        if pg_catalog.pg_sequence_last_value('task_doorbell') is not null then
            perform ring_nodes(needs, 1);
        end if;
    end if;
    if enqueue_apart.unique_key is not null then
        perform give_key(known.name, enqueue_apart.unique_key, new_task, follows,
                         spot.since);
    end if;
    return new_task;
end;
$$;
