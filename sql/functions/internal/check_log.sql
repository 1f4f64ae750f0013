-- check_log: whether what was recorded of the log is what its tables have. Internal, for doctor().
--
-- Reads batches again, through their windows, and looks for
--
--   two positions  an event that was taken before: by a window of another cluster (logs that were
--                  restored before there was origin_id()), by an earlier window, or batch, of this
--                  one.
--   rows           a batch that has not as many events as were recorded, or does not follow the one
--                  before: rows were deleted, or put in. An event whose row is newer than the
--                  snapshot that saw it: it was changed. That can be told of events which were
--                  dispatched in this cluster. One that was changed before its window was opened is
--                  found by nobody: everybody read it as it is.
--
-- Arguments   whole: the whole log; else its newest 1000 batches, and not much more than 50000
--             events.
-- Returns     two rows, as doctor() does: positions and log_rows.
-- Cost        some microseconds for each event that is looked at, and for each batch.
-- Tables      batch, log_window, log_origin, event: read.
create or replace function check_log(whole boolean)
returns table (check_name text, state text, found text, fix text)
language plpgsql
stable
set search_path from current
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
#variable_conflict use_column
declare
    native_from bigint := (select max(o.after_id) from log_origin o);
    beginning   constant bigint := log_beginning();
    start       bigint;
    looked      record;
    scope       text;
    damage      text[];
begin
    select greatest(coalesce(min(b.first_position) - 1, 0), beginning) into start
      from (select newest.first_position,
                   sum(newest.count) over (order by newest.first_position desc) - newest.count
                       as newer
              from (select * from batch
                     order by first_position desc
                     limit case when not check_log.whole then 1000 end) as newest) as b
     where check_log.whole or b.newer < 50000;

    select count(*) as batches, coalesce(sum(b.count), 0) as events,
           coalesce(min(b.after_id), native_from) < native_from as has_restored,
           sum(s.doubled) as doubled, min(s.doubled_id) as doubled_id,
           min(b.first_position) filter (where s.doubled > 0) as doubled_at,
           sum(b.count - s.has) filter (where s.has < b.count) as gone,
           min(b.first_position) filter (where s.has < b.count) as gone_at,
           sum(s.has - b.count) filter (where s.has > b.count) as put_in,
           min(b.first_position) filter (where s.has > b.count) as put_in_at,
           min(b.first_position) filter (where b.first_position <> b.expected) as torn_at,
           sum(s.changed) as changed, min(s.changed_id) as changed_id
      into looked
      from (select p.*, origin_id(p.window_number) as origin, before.id_ceiling as ceiling_before,
                   pg_catalog.lag(p.first_position + p.count) over w as expected,
                   pg_catalog.lag(p.last_id)
                       over (partition by p.window_number order by p.first_position)
                       as done_id
              from log_parts(start) as p
              join log_window before on before.number = p.window_number - 1
            window w as (order by p.first_position)) as b
     cross join lateral (
        select count(*) as has,
               count(*) filter (where e.is_double) as doubled,
               min(e.id) filter (where e.is_double) as doubled_id,
               count(*) filter (where e.is_changed) as changed,
               min(e.id) filter (where e.is_changed) as changed_id
          from (select l.id,
                       l.id <= greatest(b.origin, b.done_id)
                       or l.id <= b.ceiling_before
                          and pg_visible_in_snapshot(l.xid, b.seen_before) as is_double,
                       -- A row's xmin is its transaction's id, or a later one of that
                       -- transaction's savepoints; it wraps at 2^32.
                       l.id > native_from and r.xmin <> xid(l.xid)
                       and not pg_visible_in_snapshot(
                           (l.xid::text::bigint + ((r.xmin::text::bigint - l.xid::text::bigint)
                                                   & 4294967295))::text::xid8,
                           b.seen) as is_changed
                  from log_slice(b.floor_id, b.floor_xid, b.seen_before, b.seen, b.last_id,
                                 b.stragglers, b.after_id, 2147483647) as l
                 cross join lateral (select e.xmin from event e where e.id = l.id) as r
               ) as e) as s;

    scope := pg_catalog.format('; looked at %s%s events, in %s batches%s',
        case when start = beginning then 'all ' else 'the newest ' end, looked.events,
        looked.batches,
        case when start > beginning then ': --whole-log looks at all' end);
    return query select 'positions', case when looked.doubled > 0 then 'problem' else 'ok' end,
        case when looked.doubled > 0
             then pg_catalog.format(
                 '%s events stand at two positions, and views have counted them twice: the first '
                 'is event %s, in the batch at position %s',
                 looked.doubled, looked.doubled_id, looked.doubled_at)
             else 'each event stands at one position' end || scope,
        case when looked.doubled > 0
             then pg_catalog.format('stop the orchestrators, select %I.mend_log(), start them: '
                                    'see "Restore, copy" in docs/operations.md',
                                    current_schema()) end;

    damage := pg_catalog.array_remove(array[
        case when looked.gone > 0
             then pg_catalog.format('%s events are gone, the first of them from the batch at '
                                    'position %s', looked.gone, looked.gone_at) end,
        case when looked.put_in > 0
             then pg_catalog.format('%s events were put in afterwards, the first of them into the '
                                    'batch at position %s', looked.put_in, looked.put_in_at) end,
        case when looked.torn_at is not null
             then pg_catalog.format('the batch at position %s does not follow the one before it',
                                    looked.torn_at) end,
        case when looked.changed > 0
             then pg_catalog.format('%s events were changed after views had read them, the first '
                                    'of them is event %s', looked.changed, looked.changed_id) end],
        null);
    return query select 'log_rows',
        case when looked.gone > 0 or looked.put_in > 0 or looked.torn_at is not null then 'problem'
             when looked.changed > 0 then 'warning' else 'ok' end,
        coalesce(nullif(pg_catalog.array_to_string(damage, '; '), ''),
                 'the rows are those that were recorded')
        || case when looked.has_restored
                then '; whether one up to id ' || native_from::text || ', which came from another '
                     'cluster, was changed cannot be told' else '' end
        || scope,
        case when pg_catalog.cardinality(damage) > 0
             then 'the log is never changed: put back what a backup has; until then a view that is '
                  'built anew stops there, or differs from the live one' end;
end;
$$;
