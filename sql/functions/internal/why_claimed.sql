-- why_claimed: what holds up a task that a node has. Internal: why().
--
-- Arguments   node, claimed_at, started: of its claim.
-- Returns     one row of why().
-- Tables      node: read.
create or replace function why_claimed(node bigint, claimed_at timestamptz, started boolean)
returns table (reason text, found text, fix text)
language sql
stable
set search_path from current
set jit = off
set enable_seqscan = off
as $$
    select case when over.sentence is not null then 'node_ended'
                when why_claimed.started then 'running' else 'prefetched' end,
           pg_catalog.format('node %s took it %s s ago, ', n.name,
               round(extract(epoch from clock_timestamp() - why_claimed.claimed_at)))
           || case when over.sentence is not null
                   then 'and has ended: ' || over.sentence
                        || '; a pass of maintain() hands it to others'
                        || coalesce('; ' || unmaintained(), '')
                   when why_claimed.started then 'and its handler is at it'
                   else 'and has not said yet that its handler started' end,
           case when over.sentence is not null
                then 'call maintain(), as each node does once a second'
                else pg_catalog.format(
                    'wait for it; should it hang, end that node: its tasks go to others at once '
                    'if it deregisters, else once it gave no sign of life for %s', n.lease) end
      from node n
     cross join lateral node_end(n) as over (sentence)
     where n.id = why_claimed.node;
$$;
