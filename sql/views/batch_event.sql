-- batch_event: the events that a SQL reducer folds now, with their positions.
--
-- Only inside of a reducer's call. enter_slice() said which events those are, or, while a view
-- catches up, enter_recorded(). There are four ways to read them, one for each value of baton.part;
-- those that are not meant cost nothing.
--
--   dense     every id of the range is of this slice: as cheap as a table of one's own.
--   gaps      most are.
--   far       few are, because stragglers have much lower ids. In a function: where one part looks
--             dear, the planner cares no more how it reads the others.
--   recorded  read again.
--
-- The settings are read once, in a CTE: read where each event is compared with them, they would
-- cost as much as the event. The bounds of a range come from subqueries, not from a join: so the
-- planner takes them for what they are, those of a short range.
--
-- Access: orchestrate
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
select (select s.first_position - 1 - s.after_id from slice s) + e.id as position,
       e.id, e.dispatched_at, e.type::text as type, e.key::text as key, e.tenant::text as tenant,
       e.payload::jsonb as payload, e.body::bytea as body, e.content_type::text as content_type,
       e.meta::jsonb as meta, e.schema_version::integer as schema_version
  from event as e
 where current_setting('baton.part') = 'dense'
   and e.id > (select s.after_id from slice s)
   and e.id <= (select s.last_id from slice s)
union all
select s.first_position - 1 + e.number, e.id, e.dispatched_at, e.type::text, e.key::text,
       e.tenant::text, e.payload::jsonb, e.body::bytea, e.content_type::text, e.meta::jsonb,
       e.schema_version::integer
  from slice as s
 cross join lateral (
    select row_number() over (order by event.id) as number, event.*
      from event
     where event.id > s.after_id and event.id <= s.last_id
       and (event.id > s.floor_id
            and is_in_main_run(event.xid, s.floor_xid, s.seen_before, s.seen)
            or event.xid = any (s.stragglers))
 ) as e
 where current_setting('baton.part') = 'gaps'
union all
select f.position, f.id, f.dispatched_at, f.type, f.key, f.tenant, f.payload, f.body,
       f.content_type, f.meta, f.schema_version
  from sparse_slice() as f
 where current_setting('baton.part') = 'far'
union all
select r.position, r.id, r.dispatched_at, r.type, r.key, r.tenant, r.payload, r.body,
       r.content_type, r.meta, r.schema_version
  from read_log(
        current_setting('baton.recorded_after')::bigint,
        current_setting('baton.recorded_count')::integer) as r
 where current_setting('baton.part') = 'recorded';
