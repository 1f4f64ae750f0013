-- sync_endpoints: tells what a node found of its endpoints, and asks what the others did.
--
-- An endpoint that is gone pauses its handler, until an operator resumes it.
--
-- Arguments   session: of register_node(). news: a JSON array of {handler, state, left_ms, reason},
--             state open, slowed, broken, disabled, or null: only asked about. Of handlers that the
--             node does not carry nothing is noted.
-- Returns     for each of these handlers state, and left_ms: so long nobody sends anything.
-- Raises      BT038, BT032 the node has ended, as require_node() says.
-- Locks       the rows that change, until the transaction ends: call it in one of its own.
-- Tables      endpoint: insert, update. handler: update. node_handler: read.
-- Access: node
create or replace function sync_endpoints(session text, news jsonb)
returns table (handler text, state text, left_ms bigint)
language plpgsql
volatile
security definer
set search_path from current
set jit = off
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    me      node := require_node(sync_endpoints.session);
    pause_max constant interval := '1 hour';
    told    record;
    carried text[] := array(select distinct h.handler from node_handler h where h.node = me.id);
begin
    for told in
        select n.handler, n.state, pg_catalog.left(n.reason, 1000) as reason,
               clock_timestamp()
               + least(greatest(n.left_ms, 0) * interval '1 millisecond', pause_max) as until_at
          from pg_catalog.jsonb_to_recordset(sync_endpoints.news)
               as n (handler text, state text, left_ms double precision, reason text)
         where n.handler = any (carried)
         order by n.handler
    loop
        insert into endpoint as e (handler, told_by) values (told.handler, me.name)
        on conflict do nothing;
        if told.state = 'disabled' then
            update handler h
               set paused_at = clock_timestamp(), paused_by = session_user,
                   pause_reason = pg_catalog.left('its endpoint is gone: ' || told.reason, 1000)
             where h.name = told.handler and h.paused_at is null;
        elsif told.state in ('slowed', 'broken') then
            update endpoint e
               set state = told.state, until_at = told.until_at, reason = told.reason,
                   since = clock_timestamp(), told_by = me.name
             where e.handler = told.handler
               and (e.until_at is null or e.until_at < told.until_at);
        elsif told.state = 'open' then
            update endpoint e
               set state = 'open', until_at = null, reason = null, since = clock_timestamp(),
                   told_by = me.name
             where e.handler = told.handler and e.state <> 'open';
        end if;
    end loop;
    return query
        select e.handler, case when h.paused_at is not null then 'disabled' else e.state end,
               coalesce(greatest(extract(epoch from e.until_at - clock_timestamp()) * 1000, 0),
                        0)::bigint
          from endpoint e
          join handler h on h.name = e.handler
         where e.handler = any (carried)
           and e.handler in (select n ->> 'handler'
                               from pg_catalog.jsonb_array_elements(sync_endpoints.news) as n);
end;
$$;
