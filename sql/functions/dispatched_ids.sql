-- dispatched_ids: the ids of the events that this transaction dispatched last, oldest first. For
-- clients that dispatch by COPY, which returns nothing.
--
-- Arguments   count: how many; all of them if it dispatched fewer.
-- Cost        an index scan of just those events.
-- Tables      event: read.
create or replace function dispatched_ids(count bigint)
returns setof bigint
language plpgsql
stable
security definer
set search_path from current
set enable_seqscan = off
as $$
#variable_conflict use_column
begin
    return query
        select newest.id
          from (select e.id
                  from event e
                 where e.xid = pg_current_xact_id_if_assigned()
                 order by e.xid desc, e.id desc
                 limit dispatched_ids.count) as newest
         order by newest.id;
end;
$$;
