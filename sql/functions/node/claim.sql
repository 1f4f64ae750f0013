-- claim: take tasks of a handler that this node can carry out.
--
-- It gives only tasks of the versions of the handler that the node registered, in the build that is
-- on record, which ask for no labels that the node lacks. Those of others are not looked at: they
-- cost nothing. The call is a sign of life, as heartbeat() is.
--
-- The tasks stay the node's until each was completed, failed or released, or the node's lease
-- ended. A delivery is counted for each at once, an attempt only when a handler starts with it.
--
-- Arguments   session: of register_node(). handler: of which. count: at most so many, 1 to 1000.
-- Returns     the tasks, in the order in which they are to be done.
--   token       what complete(), fail() and the others need. It is this claim's and nobody else's.
--   schema_version  which shape of the payload this is.
--   attempt     which one this is, once the handler starts: from 1. delivery: likewise.
-- Raises      BT038, BT032 the node has ended, as require_node() says. BT042 the count is none.
-- Locks       the tasks that it takes; it passes by those that others are taking.
-- Tables      task_claim, task, requirement: read. task_ready: see take_tasks(). node: see
--             heartbeat().
-- Cost        of the tasks that it gives, whatever else waits, was there, or is kept by an old
--             snapshot. The plans are those for few of many, as the settings say: statistics of a
--             moment when a table was empty must not change them.
-- Access: node
create or replace function claim(session text, handler text, count integer default 1)
returns table (
    token        text,
    task         bigint,
    version      integer,
    attempt      integer,
    delivery     integer,
    priority     integer,
    payload      jsonb,
    body         bytea,
    content_type text,
    tenant       text,
    meta         jsonb,
    enqueued_at  timestamptz,
    schema_version integer
)
language plpgsql
volatile
security definer
set search_path from current
set jit = off
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
    me     node := require_node(claim.session);
    new_id bigint;
begin
    if claim.count between 1 and 1000 is not true then
        raise exception 'a node cannot claim % tasks at once; give a number from 1 to 1000',
            coalesce(claim.count::text, 'null')
            using errcode = 'BT042';
    end if;
    if me.alive_at + me.lease / 4 < clock_timestamp() then
        perform heartbeat(claim.session);
    end if;

    new_id := take_tasks(me.id, claim.handler, me.labels, claim.count);

    return query
        select t.id::text || '.' || new_id::text, t.id, r.version,
               held.attempts + 1, held.deliveries + 1, t.priority::integer,
               t.payload::jsonb, t.body::bytea, t.content_type::text, t.tenant::text,
               t.meta::jsonb, t.enqueued_at, t.schema_version::integer
          from task_claim c
         cross join lateral unnest(c.tasks, c.attempts, c.deliveries) with ordinality
               as held (task, attempts, deliveries, ordinal)
          join task t on t.id = held.task
          join requirement r on r.id = t.requirement
         where c.id = new_id
         order by held.ordinal;
end;
$$;
