-- window_stragglers: the stragglers of a window: transactions up to the former window's xid which
-- dispatched, and which the snapshot `seen` sees but `seen_before` did not. Internal.
--
-- They were in progress for seen_before: listed in it, or between its end and floor_xid. The first
-- are probed one by one; the second are found by skipping through the index from xid to xid, since
-- subtransactions may have used up most of that range.
--
-- A candidate counts only if it has an event of this cluster: restored events may have its id.
--
-- Arguments   of the window before, as for open_window(); seen: of the new one.
--             origin_id: of the new one, see origin_id().
-- Cost      two index probes for each candidate, however many events a candidate dispatched.
-- Tables    event: read.
create or replace function window_stragglers(
    floor_xid   xid8,
    seen_before pg_snapshot,
    seen        pg_snapshot,
    origin_id   bigint
)
returns xid8[]
language plpgsql
stable
set search_path from current
set jit = off
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
as $$
declare
    late xid8[];
begin
    with recursive skipping (xid) as (
        (select e.xid
           from event e
          where e.xid >= pg_snapshot_xmax(window_stragglers.seen_before)
            and e.xid <= window_stragglers.floor_xid
          order by e.xid
          limit 1)
        union all
        select (select e.xid
                  from event e
                 where e.xid > skipping.xid
                   and e.xid <= window_stragglers.floor_xid
                 order by e.xid
                 limit 1)
          from skipping
         where skipping.xid is not null
    ),
    candidate (xid) as (
        select xid from skipping where xid is not null
        union all
        select listed.xid
          from pg_snapshot_xip(window_stragglers.seen_before) as listed (xid)
         where listed.xid <= window_stragglers.floor_xid
    )
    select coalesce(pg_catalog.array_agg(candidate.xid order by candidate.xid), '{}') into late
      from candidate
     where pg_visible_in_snapshot(candidate.xid, window_stragglers.seen)
       -- So written that it is one probe of that index, whatever the statistics say.
       and (select e.id
              from event e
             where (e.xid, e.id) > (candidate.xid, window_stragglers.origin_id)
               and (e.xid, e.id) <= (candidate.xid, 9223372036854775807)
             order by e.xid, e.id
             limit 1) is not null;
    return late;
end;
$$;
