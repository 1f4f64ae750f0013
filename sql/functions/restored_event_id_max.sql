-- restored_event_id_max: the highest id of the events that came with restored data. Internal.
--
-- A transaction that wrote one row with a foreign transaction id is a restoring one, and all its
-- rows are restored: the foreign id may by chance be its own.
--
-- Raises    BT009 events were dispatched in this cluster with ids below a restored one, which
--           happens when the id sequence was not restored with the data.
-- Cost      reads the whole event table, once in the life of a restored copy.
create or replace function restored_event_id_max()
returns bigint
language plpgsql
stable
set search_path from current
as $$
declare
    restored_max bigint;
    native_min   bigint;
begin
    with written as (
        select e.id, e.xmin as writer, e.xmin <> xid(e.xid) as is_foreign from event e
    ),
    restoring as (
        select distinct writer::text as writer from written where is_foreign
    )
    select max(w.id) filter (where r.writer is not null),
           min(w.id) filter (where r.writer is null)
      into restored_max, native_min
      from written w
      left join restoring r on r.writer = w.writer::text;

    if native_min < restored_max then
        raise exception 'event % was dispatched here, but restored events go up to id %: the id '
            'sequence was not restored; move that event''s dispatch after '
            'setval(''event_id_seq'', %)',
            native_min, restored_max, restored_max
            using errcode = 'BT009';
    end if;
    return restored_max;
end;
$$;
