-- dispatched_ids: the ids of the events that this transaction dispatched last, oldest first. For
-- clients that dispatch by COPY, which returns nothing.
--
-- Arguments   count: how many; all of them if it dispatched fewer.
-- Cost        an index scan of just those events.
-- Access: dispatch, orchestrate
create or replace function dispatched_ids(count bigint)
returns setof bigint
language plpgsql
stable
security definer
set search_path from current
as $$
#variable_conflict use_column
begin
    return query select o.id from own_events(dispatched_ids.count) as o order by o.id;
end;
$$;
