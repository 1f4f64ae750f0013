-- endpoints: what the environment's nodes have found of the handlers that are endpoints.
--
-- Returns     one row for each that a node has carried since.
--   state     open; slowed: it asked for a pause; broken: requests in a row failed; disabled: its
--             handler is paused. until_at: when it is tried again. told_by: the node, or who paused
--             it. reason: in words.
-- Tables      endpoint, handler: read.
-- Access: observe, orchestrate
create or replace function endpoints()
returns table (
    handler text, state text, until_at timestamptz, since timestamptz, told_by text, reason text)
language sql
stable
security definer
set search_path from current
as $$
    select e.handler, case when h.paused_at is not null then 'disabled' else e.state end,
           case when h.paused_at is null then e.until_at end, coalesce(h.paused_at, e.since),
           coalesce(h.paused_by::text, e.told_by),
           case when h.paused_at is null then e.reason else h.pause_reason end
      from endpoint e
      join handler h on h.name = e.handler
     order by e.handler;
$$;
