-- colliding_event: an event that was dispatched in this cluster with an id that the windows of
-- another cluster count as theirs, so that nobody would ever read it. Internal, for rebase_log().
--
-- A row can be told to come from here only by chance: by what it says of its transaction and what
-- Postgres says of it. A transaction here wrote rows of one transaction id, its own or, in a
-- savepoint, a lower one; a restored row may look the same. So this only raises a suspicion; then
-- the log is read whole, as its windows have it: a suspect that is in none of them, or in a batch
-- which has not the events that were recorded, collides.
--
-- Arguments   drawn_id: the id sequence's value, above which nothing was dispatched here.
--             last: the newest window, none of which is of this cluster.
-- Returns     the lowest such id, or null.
-- Cost        reads event once; upon a suspicion, also the log.
-- Tables      event, batch, log_window: read.
create or replace function colliding_event(drawn_id bigint, last log_window)
returns bigint
language plpgsql
stable
set search_path from current
set enable_seqscan = on
as $$
declare
    everything pg_snapshot := '9223372036854775807:9223372036854775807:';
    top_id     bigint      := least(colliding_event.drawn_id, last.id_ceiling);
    suspects   text[];
    colliding_id   bigint;
begin
    select pg_catalog.array_agg(e.xmin_text) into suspects
      from (select e.xmin::text as xmin_text
              from event e
             where e.id <= top_id
             group by e.xmin::text
            having min(e.xid) = max(e.xid)
               and min(e.xid)::text::bigint & 4294967295 <= e.xmin::text::bigint) as e;
    if suspects is null then
        return null;
    end if;

    with in_batch as (
        select s.id, b.count = count(*) over (partition by b.first_position) as is_whole
          from log_parts(log_beginning()) as b
         cross join lateral log_slice(b.floor_id, b.floor_xid, b.seen_before, b.seen, b.last_id,
                                      b.stragglers, b.after_id, 2147483647) as s
    ), newest as (
        select b.window_number, b.last_id from batch b order by b.first_position desc limit 1
    ), waiting as (
        -- Left of the newest batch's window, and of those that are recorded ahead of their batches.
        select s.id
          from log_window w
          join log_window before on before.number = w.number - 1
          left join newest on true
         cross join lateral log_slice(before.id_value, before.xid, before.seen, w.seen,
                                      w.id_ceiling, w.stragglers,
                                      greatest(origin_id(w.number),
                                               case w.number when newest.window_number
                                                             then newest.last_id end),
                                      2147483647) as s
         where w.number >= coalesce(newest.window_number, 1)
         union all
        select s.id
          from log_slice(last.id_value, last.xid, last.seen, everything, last.id_ceiling,
                         window_stragglers(last.xid, last.seen, everything,
                                           origin_id(last.number + 1)),
                         origin_id(last.number + 1), 2147483647) as s
    )
    select min(e.id) into colliding_id
      from event e
      left join in_batch b on b.id = e.id
     where e.id <= top_id
       and e.xmin::text = any (suspects)
       and b.is_whole is not true
       and not exists (select from waiting w where w.id = e.id)
       and not is_before_log(e.id, e.xid);
    return colliding_id;
end;
$$;
