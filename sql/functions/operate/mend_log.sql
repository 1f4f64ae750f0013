-- mend_log: give each event one position again, in a log where some stand at two.
--
-- For logs that came to another cluster before there was origin_id(): there restored events were
-- taken again, and counted again. Each event keeps the first of its positions; those behind a
-- second one move up, so followers outside of the database must begin anew. Every view is emptied,
-- and the next leader folds it from the first event again. What was skipped stays skipped.
--
-- Stop the orchestrators first: one that is in the middle of a batch can be in its way, and then
-- this fails (40P01) and has done nothing. Whoever leads or builds does so no more: nothing that
-- they write can commit. For the owner, who
-- has to be a member of _orchestrate, whose the views are; else 42501.
--
-- Raises    BT071 retention dropped events: the views could not be made anew.
-- Returns   how many positions were taken out. 0: nothing was done.
-- Locks     the leader's row and the views' tables, until the transaction ends.
-- Cost      reads of the log what doctor() would complain about, and writes batch anew from the
--           first such place on.
-- Tables    leader, view_state, view_build: update. batch, dead_event, skipped_event: insert,
--           delete. view_snapshot: delete. The views': truncate.
create or replace function mend_log()
returns bigint
language plpgsql
volatile
set search_path from current
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
as $$
#variable_conflict use_column
declare
    surplus jsonb;
    taken   bigint;
    copy    bigint;
    v       record;
begin
    perform lock_registration();
    perform from leader where only_row for update;

    -- Of each batch with second positions: how many it has, all of them at its beginning.
    select pg_catalog.jsonb_object_agg(p.first_position, s.count), sum(s.count)
      into surplus, taken
      from log_parts(log_beginning()) as p
     cross join lateral (
        select count(*) as count
          from log_slice(p.floor_id, p.floor_xid, p.seen_before, p.seen,
                         least(p.last_id, origin_id(p.window_number)), p.stragglers, p.after_id,
                         2147483647)) as s
     where p.after_id < origin_id(p.window_number) and p.stragglers <> '{}' and s.count > 0;
    if taken is null then
        return 0;
    end if;
    perform is_log_kept(0, 'the views would be folded from the first event again');

    update leader set lease_until = clock_timestamp(), backend_pid = null where only_row;
    with former as (
        delete from batch b
         where b.first_position >= (select min(k::bigint)
                                      from pg_catalog.jsonb_object_keys(surplus) as k)
        returning b.*, coalesce((surplus ->> b.first_position::text)::bigint, 0) as surplus
    )
    insert into batch (first_position, count, window_number, after_id, last_id, epoch, started_at,
                       recorded_at)
    select m.first_position - m.before, m.count - m.surplus, m.window_number,
           case m.surplus when 0 then m.after_id else origin_id(m.window_number) end, m.last_id,
           m.epoch, m.started_at, m.recorded_at
      from (select f.*, sum(f.surplus) over (order by f.first_position) - f.surplus as before
              from former f) as m
     where m.count > m.surplus;

    with former as (delete from dead_event returning *)
    insert into dead_event (view, version, position, event_id, event_type, error, state, failed_at,
                            resolved_at, resolved_by)
    select distinct on (d.view, d.version, d.event_id)
           d.view, d.version, coalesce(event_position(d.event_id), d.position), d.event_id,
           d.event_type, d.error, case d.state when 'halting' then 'retried' else d.state end,
           d.failed_at, d.resolved_at, d.resolved_by
      from former d
     order by d.view, d.version, d.event_id, d.position;

    with former as (delete from skipped_event returning *)
    insert into skipped_event (position, event_id, view, skipped_at, skipped_by)
    select distinct on (f.event_id, f.view)
           coalesce(event_position(f.event_id), f.position), f.event_id, f.view, f.skipped_at,
           f.skipped_by
      from former f
     order by f.event_id, f.view, f.position;

    for v in select s.view, s.version from view_state s
              union select b.view, b.version from view_build b
    loop
        execute (select pg_catalog.format('truncate %s', string_agg(o.relation::text, ', '))
                   from reducer_objects(v.view, v.version) as o
                  where o.relation is not null);
    end loop;
    update view_state
       set state = 'behind', position = 0, reason = null, changed_at = clock_timestamp(),
           effects_to = log_end();
    update view_build
       set state = 'building', position = 0, reason = null, changed_at = clock_timestamp(),
           claim = claim + 1, backend_pid = null, claimed_position = 0;
    for copy in delete from view_snapshot returning id loop
        execute pg_catalog.format('drop table %I', 'view_snapshot_' || copy::text);
    end loop;
    return taken;
end;
$$;
