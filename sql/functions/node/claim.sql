-- claim: take tasks of a handler that this node can carry out.
--
-- It gives only tasks of the versions of the handler that the node registered, in the build that is
-- on record, which ask for no labels that the node lacks. Those of others are not looked at: they
-- cost nothing. The call is a sign of life, as heartbeat() is.
--
-- As which version it does a task is decided before the task is taken, once for the whole claim. A
-- promotion that commits in between comes after this claim, as after one of a moment ago; what was
-- made for the new version is not looked at then, unless the node carries that as well.
--
-- The tasks stay the node's until each was completed, failed or released, or the node's lease
-- ended. A delivery is counted for each at once, an attempt only when a handler starts with it.
--
-- Arguments   session: of register_node(). handler: of which. count: at most so many, 1 to 1000.
-- Returns     the tasks, in the order in which they are to be done; none where the node is paused.
--   token       what complete(), fail() and the others need. It is this claim's and nobody else's.
--   version     of the handler that does it: what it was made for, or one that accepts that; see
--               stamp_tasks().
--   schema_version  which shape of the payload this is.
--   in_set      whether it is a member of a task set: see member_of() and complete_member().
--   attempt     which one this is, once the handler starts: from 1. delivery: likewise.
-- Raises      BT038, BT032 the node has ended, as require_node() says. BT042 the count is none.
--             BT049 this is a copy that nobody adopted: unadopted().
-- Locks       the tasks that it takes; it passes by those that others are taking. Where the handler
--             has a limit, or is fair, its claims wait for each other.
-- Tables      task_claim, task, task_set_member: read. task_ready: see take_tasks(). node: see
--             heartbeat(). Lanes: see find_tasks(). The limits: see running_room(),
--             spend_rate().
-- Cost        of the tasks that it gives, whatever else waits, was there, or is kept by an old
--             snapshot, and however many partitions there are. The plans are those for few of many,
--             made once, as the settings say: statistics of a moment when a table was empty must
--             not change them.
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
    schema_version integer,
    in_set         boolean
)
language plpgsql
volatile
security definer
set search_path from current
set jit = off
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
    me       node := require_node(claim.session);
    needs    integer[];
    versions integer[];
    pinned   boolean[];
    limited  boolean;
    is_fair  boolean;
    room     integer;
    new_id   bigint;
    lowest   bigint;
    highest  bigint;
begin
    if claim.count between 1 and 1000 is not true then
        raise exception 'a node cannot claim % tasks at once; give a number from 1 to 1000',
            coalesce(claim.count::text, 'null') using errcode = 'BT042';
    end if;
    perform require_adopted();
    if me.alive_at + me.lease / 4 < clock_timestamp() then
        perform heartbeat(claim.session);
    end if;
    select pg_catalog.array_agg(m.requirement), pg_catalog.array_agg(m.version),
           pg_catalog.array_agg(m.is_pinned), pg_catalog.bool_or(m.is_limited),
           pg_catalog.bool_or(m.is_fair), least(claim.count,
               case when pg_catalog.bool_or(m.is_limited) then running_room(claim.handler) end)
      into needs, versions, pinned, limited, is_fair, room
      from requirements_met(me.id, claim.handler, me.labels) as m where me.paused_at is null;
    if room > 0 then
        new_id := find_tasks(me.id, claim.handler, needs, room, is_fair);
        if limited then
            perform spend_rate(claim.handler, new_id);
        end if;
    end if;

    -- So that none but the partitions are opened that have some of these.
    select min(h.task), max(h.task) into lowest, highest
      from task_claim c cross join lateral pg_catalog.unnest(c.tasks) as h (task)
     where c.id = new_id;
    return query
        select t.id::text || '.' || new_id::text, t.id,
               versions[pg_catalog.array_position(needs, t.requirement)],
               held.attempts + 1, held.deliveries + 1, t.priority::integer,
               t.payload::jsonb, t.body::bytea, t.content_type::text, t.tenant::text,
               t.meta::jsonb, t.enqueued_at, t.schema_version::integer,
               pinned[pg_catalog.array_position(needs, t.requirement)]
               and exists (select from task_set_member m where m.task = t.id)
          from task_claim c
         cross join lateral unnest(c.tasks, c.attempts, c.deliveries) with ordinality
               as held (task, attempts, deliveries, ordinal)
         -- As many looks at the index as there are tasks: of a table without statistics a join
         -- would be a scan of this range for each.
         cross join lateral (
            select f.* from task f
             where f.id = held.task and f.id between lowest and highest limit 1) as t
         where c.id = new_id
         order by held.ordinal;
end;
$$;
