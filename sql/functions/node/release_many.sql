-- release_many: hand tasks back that no handler started with, or that one stopped with in order:
-- others get them at once, and neither an attempt nor a delivery is counted.
--
-- Arguments   session: of register_node(). tokens: of claim().
-- Returns     how many went back; a token whose task is this claim's no more changes nothing.
-- Raises      BT038, BT032 the node has ended, as require_node() says. BT006 the transaction's
--             snapshot is fixed.
-- Locks       the claims, until the transaction ends.
-- Tables      task_claim: see give_up(). task_ready: see bring_back().
-- Access: node
create or replace function release_many(session text, tokens text[])
returns integer
language plpgsql
volatile
security definer
set search_path from current
as $$
#variable_conflict use_column
declare
    me         node := require_node(release_many.session);
    tasks      bigint[];
    attempts   integer[];
    deliveries integer[];
begin
    perform require_read_committed('release_many');
    select pg_catalog.array_agg(h.task order by h.ordinal),
           pg_catalog.array_agg(h.attempts order by h.ordinal),
           pg_catalog.array_agg(h.deliveries order by h.ordinal)
      into tasks, attempts, deliveries
      from give_up(me.id, release_many.tokens) as h;
    return bring_back(tasks, attempts, deliveries);
end;
$$;
