-- batch_event: the events that a SQL reducer folds now, with their positions.
--
-- Only inside of a reducer's call. enter_slice() said which events those are, or, while a view
-- catches up, enter_recorded(). The settings are read once, in a CTE: where log_slice() compares
-- each event with them, reading one there would cost as much as the event. The two parts that are
-- not meant cost nothing. The row number is drawn inside of the lateral subquery, where the planner
-- knows that the slice comes in its order.
create or replace view batch_event as
with slice as materialized (
    select current_setting('baton.first_position')::bigint as first_position,
           current_setting('baton.floor_id')::bigint       as floor_id,
           current_setting('baton.floor_xid')::xid8        as floor_xid,
           current_setting('baton.seen_before')::pg_snapshot as seen_before,
           current_setting('baton.seen')::pg_snapshot      as seen,
           current_setting('baton.last_id')::bigint        as last_id,
           current_setting('baton.stragglers')::xid8[]     as stragglers,
           current_setting('baton.after_id')::bigint       as after_id
)
select s.first_position - 1 + e.number as position,
       e.id, e.dispatched_at, e.type::text as type, e.key::text as key, e.tenant::text as tenant,
       e.payload::jsonb as payload, e.body::bytea as body, e.content_type::text as content_type,
       e.meta::jsonb as meta
  from slice as s
 cross join lateral (
    select row_number() over (order by event.id) as number, event.*
      from log_main_run(
        s.floor_id, s.floor_xid, s.seen_before, s.seen, s.last_id, s.after_id) as event
 ) as e
 where current_setting('baton.part') = 'main run'
union all
select s.first_position - 1 + e.number,
       e.id, e.dispatched_at, e.type::text, e.key::text, e.tenant::text, e.payload::jsonb,
       e.body::bytea, e.content_type::text, e.meta::jsonb
  from slice as s
 cross join lateral (
    select row_number() over (order by event.id) as number, event.*
      from log_slice(
        s.floor_id, s.floor_xid, s.seen_before, s.seen, s.last_id, s.stragglers, s.after_id,
        2147483647) as event
 ) as e
 where current_setting('baton.part') = 'slice'
union all
select r.position, r.id, r.dispatched_at, r.type, r.key, r.tenant, r.payload, r.body,
       r.content_type, r.meta
  from read_log(
        current_setting('baton.recorded_after')::bigint,
        current_setting('baton.recorded_count')::integer) as r
 where current_setting('baton.part') = 'recorded';
