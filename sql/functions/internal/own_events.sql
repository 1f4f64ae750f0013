-- own_events: the newest events that the calling transaction dispatched. Internal.
--
-- A restored event may have this transaction's id, see origin_id(). It has a lower event id than
-- the events of this cluster; and before the first leadership has noted which those are, its row is
-- older than this transaction, whose own rows are as old as itself, or younger (savepoints).
--
-- Arguments   count: at most so many.
-- Returns     their ids, the highest first.
-- Cost        an index scan of just those events.
-- Tables      event, log_origin: read.
create or replace function own_events(count bigint)
returns table (id bigint)
language plpgsql
stable
set search_path from current
set jit = off
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    after_id bigint := (select o.after_id from log_origin o order by o.window_number desc limit 1);
begin
    return query
        select e.id
          from event e
         where e.xid = pg_current_xact_id_if_assigned()
           and e.id > after_id
           and pg_catalog.age(e.xmin) <= 0
         order by e.xid desc, e.id desc
         limit own_events.count;
end;
$$;
