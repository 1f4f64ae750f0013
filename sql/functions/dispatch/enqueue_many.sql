-- enqueue_many: many tasks for one handler, in their order, in one statement.
--
-- What is said of them is said of all, as enqueue() takes it; but a unique key each has of its own.
--
-- Arguments   handler, and all that is not named here: as enqueue(). payloads: one for each task.
--             unique_keys: one for each task, or null: none has one; null among them: that task
--             has none.
-- Returns     the ids, in the order of the payloads.
-- Raises      as enqueue(). BT042 see require_unique_keys().
-- Tables      task, task_ready: insert. handler: read. The lane: see enter_lanes(). Else as
--             enqueue_apart().
-- Cost        one statement for all, where nothing is said but payloads, lane, tenant and meta;
--             else what as many enqueue() cost.
-- Access: dispatch, node, orchestrate
create or replace function enqueue_many(
    handler  text,
    payloads jsonb[],
    lane     text        default null,
    run_at   timestamptz default null,
    priority integer     default 0,
    labels   text[]      default '{}',
    tenant   text        default null,
    meta     jsonb       default null,
    schema_version integer default 1,
    unique_keys text[]   default null,
    on_conflict text     default 'skip',
    longest_wait interval default null,
    after    bigint      default null,
    when_failed text     default 'cancel',
    every    interval    default null,
    expires_at timestamptz default null
)
returns bigint[]
language plpgsql
volatile
security definer
set search_path from current
as $$
#variable_conflict use_column
declare
    lane  text := enqueue_many.lane;
    ids   bigint[];
    known handler;
begin
    perform require_unique_keys(enqueue_many.unique_keys, enqueue_many.payloads);
    if enqueue_many.run_at is not null or enqueue_many.priority is distinct from 0
       or coalesce(cardinality(enqueue_many.labels), 0) > 0
       or enqueue_many.schema_version is distinct from 1
       or enqueue_many.unique_keys is not null or enqueue_many.every is not null
       or enqueue_many.after is not null or enqueue_many.expires_at is not null
    then
        return array(
            select enqueue_apart(
                       enqueue_many.handler, p.payload, null, null, enqueue_many.run_at,
                       enqueue_many.priority, enqueue_many.labels, enqueue_many.tenant,
                       enqueue_many.meta, enqueue_many.schema_version,
                       p.unique_key, enqueue_many.on_conflict,
                       enqueue_many.lane, enqueue_many.longest_wait, enqueue_many.after,
                       enqueue_many.when_failed, enqueue_many.every, enqueue_many.expires_at,
                       null)
              from unnest(enqueue_many.payloads, enqueue_many.unique_keys)
                   as p (payload, unique_key));
    end if;

    select h.* into known from handler h where h.name = enqueue_many.handler and not h.is_full;
    if known.name is null then
        perform refuse_handler(enqueue_many.handler);
    end if;
    lane := coalesce(lane, case when known.is_fair then fair_lane_name(enqueue_many.tenant) end);
    perform refuse_full_lane(known, lane, cardinality(enqueue_many.payloads))
      where known.lane_waiting_max is not null;
    if enqueue_many.lane is not null then
        perform lock_turn(enqueue_many.handler, enqueue_many.lane);
    end if;
    with added as (
        insert into task (requirement, payload, lane, tenant, meta)
        select known.requirement, p.payload, lane, enqueue_many.tenant, enqueue_many.meta
          from pg_catalog.unnest(enqueue_many.payloads) with ordinality as p (payload, ordinal)
         order by p.ordinal
        returning id
    ), readied as (
        insert into task_ready (requirement, rank, place, task)
        select known.requirement, ready_rank(0, false), a.id, a.id
          from added a
         where lane is null
    )
    select coalesce(pg_catalog.array_agg(a.id order by a.id), '{}') into ids from added a;
    if lane is not null then
        perform enter_lanes(ids, null, null);
    elsif pg_catalog.pg_sequence_last_value('task_doorbell') is not null then
        perform ring_nodes(known.requirement, cardinality(ids));
    end if;
    return ids;
end;
$$;
