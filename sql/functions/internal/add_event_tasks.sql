-- add_event_tasks: make the tasks that follow from events: one for each event and live handler that
-- named its type. Internal: record_batch(). In the batch's transaction, so each is made once.
--
-- They are ready in the order of the log; those that have a lane enter it in that order.
--
-- Notifies    nodes that sleep.
-- Arguments   first_position, count: which events, recorded ones.
-- Tables      handler_event, handler, environment_home: read. task, task_ready: insert. The log:
--             see read_log(). The lanes: see enter_lanes().
create or replace function add_event_tasks(first_position bigint, count integer)
returns void
language plpgsql
volatile
set search_path from current
set jit = off
as $$
#variable_conflict use_column
declare
    laned bigint[];
begin
    with added as (
        insert into task (
            requirement, event_id, payload, body, content_type, tenant, meta, schema_version, lane)
        select h.requirement, e.id, e.payload, e.body, e.content_type, e.tenant, e.meta,
               e.schema_version, coalesce(case when s.lane_by_key then e.key end,
                                          case when h.is_fair then fair_lane_name(e.tenant) end)
          from read_log(add_event_tasks.first_position - 1, add_event_tasks.count) as e
          join handler_event s on s.type = e.type and s.after_position < e.position
          join handler h on h.name = s.handler and h.live_version = s.version
         where e.id > (select o.no_tasks_to from environment_home o)
         order by e.position, h.name
        returning id, requirement, lane
    ), readied as (
        insert into task_ready (requirement, rank, place, task)
        select a.requirement, ready_rank(0, false), a.id, a.id
          from added a
         where a.lane is null
         order by a.id
        returning requirement
    ), rung as materialized (
        select r.requirement,
               case when pg_catalog.pg_sequence_last_value('task_doorbell') is not null
                    then ring_nodes(r.requirement, count(*)) end
          from readied r
         group by r.requirement
    )
    select (select pg_catalog.array_agg(a.id order by a.id) from added a where a.lane is not null)
      into laned
      from (select count(*) from rung) as r;
    if laned is not null then
        perform enter_lanes(laned, null, null);
    end if;
end;
$$;
