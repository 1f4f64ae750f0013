-- enqueue_apart: enqueue(), enqueue_bytes() and enqueue_many() with whatever can be said. Internal.
--
-- Arguments, returns, raises  as enqueue(); and body and content_type. event_id: the event that it
--           follows from, in the batch that folds it; null: somebody makes it. What follows from an
--           event is held to no limit_waiting(), and waits for nobody who makes tasks of its lane.
-- Raises    BT070 too many tasks wait in its lane: see limit_lane_waiting().
-- Tables    task: insert. handler: read. requirement: see requirement_of(). task_floor: see
--           open_rank(). task_key: see give_key(). task_end: see settle_key(). Its place: see
--           place_task(). task_expiry: see set_expiry().
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
    after        bigint,
    when_failed  text,
    every        interval,
    expires_at   timestamptz,
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
    run_at   timestamptz := enqueue_apart.run_at;
    lane     text := enqueue_apart.lane;
    goes_first boolean := false;
    new_task bigint;
begin
    select h.* into known from handler h where h.name = enqueue_apart.handler;
    if known.name is null then
        perform refuse_handler(enqueue_apart.handler);
    end if;
    perform require_task_options(
        enqueue_apart.schema_version, enqueue_apart.priority, enqueue_apart.longest_wait,
        enqueue_apart.when_failed, enqueue_apart.every, enqueue_apart.unique_key is not null);
    needs := case when coalesce(cardinality(enqueue_apart.labels), 0) = 0 then known.requirement
                  else requirement_of(known.name, known.live_version, enqueue_apart.labels) end;
    if enqueue_apart.priority <> 0 then
        perform open_rank(needs, enqueue_apart.priority);
    end if;

    select s.* into spot
      from settle_key(known.name, enqueue_apart.tenant, enqueue_apart.unique_key,
                      enqueue_apart.on_conflict, run_at, enqueue_apart.every) as s
     where enqueue_apart.unique_key is not null;
    if spot.standing is not null then
        return spot.standing;
    end if;
    -- One that has waited for the longest does not stand behind all others once more.
    goes_first := coalesce(spot.since + enqueue_apart.longest_wait < run_at, false);
    run_at := least(run_at, spot.since + enqueue_apart.longest_wait);
    if enqueue_apart.every is not null then
        run_at := greatest(coalesce(run_at, clock_timestamp()), spot.free_at);
    end if;

    perform refuse_handler(known.name) where known.is_full and enqueue_apart.event_id is null;
    perform lock_turn(known.name, enqueue_apart.lane)
      where enqueue_apart.lane is not null and enqueue_apart.event_id is null;
    if known.is_fair then
        lane := coalesce(lane, fair_lane_name(enqueue_apart.tenant));
    end if;
    perform refuse_full_lane(known, lane, 1)
      where known.lane_waiting_max is not null and enqueue_apart.event_id is null;
    insert into task (requirement, event_id, priority, payload, body, content_type, meta, lane,
                      tenant, schema_version, unique_key)
    values (needs, enqueue_apart.event_id, enqueue_apart.priority, enqueue_apart.payload,
            enqueue_apart.body, enqueue_apart.content_type, enqueue_apart.meta, lane,
            enqueue_apart.tenant, enqueue_apart.schema_version, enqueue_apart.unique_key)
    returning id into new_task;
    perform place_task(new_task, needs, enqueue_apart.priority, run_at, spot.follows,
                       goes_first or lane is not null, enqueue_apart.after,
                       enqueue_apart.when_failed);
    perform set_expiry(new_task, enqueue_apart.expires_at);
    perform give_key(known.name, enqueue_apart.tenant, enqueue_apart.unique_key, new_task,
                     spot.follows, spot.since, spot.free_at, run_at + enqueue_apart.every)
      where enqueue_apart.unique_key is not null;
    return new_task;
end;
$$;
