-- batch_event: the events that a SQL reducer folds now, with their positions.
--
-- Only inside of a reducer's call. enter_slice() said which events those are, or, while a view
-- catches up, enter_recorded(). The settings are evaluated when the fold is planned, so it is
-- planned for this slice's size, and the half that is not meant costs nothing.
create or replace view batch_event as
select current_setting('baton.first_position')::bigint - 1
           + row_number() over (order by e.id) as position,
       e.id, e.dispatched_at, e.type::text as type, e.key::text as key, e.tenant::text as tenant,
       e.payload::jsonb as payload, e.body::bytea as body, e.content_type::text as content_type,
       e.meta::jsonb as meta
  from log_slice(
        current_setting('baton.floor_id')::bigint,
        current_setting('baton.floor_xid')::xid8,
        current_setting('baton.seen_before')::pg_snapshot,
        current_setting('baton.seen')::pg_snapshot,
        current_setting('baton.last_id')::bigint,
        current_setting('baton.stragglers')::xid8[],
        current_setting('baton.after_id')::bigint,
        2147483647) as e
 where current_setting('baton.recorded_count') = '0'
union all
select r.position, r.id, r.dispatched_at, r.type, r.key, r.tenant, r.payload, r.body,
       r.content_type, r.meta
  from read_log(
        current_setting('baton.recorded_after')::bigint,
        current_setting('baton.recorded_count')::integer) as r
 where current_setting('baton.recorded_count') <> '0';
