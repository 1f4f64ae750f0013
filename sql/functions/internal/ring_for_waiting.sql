-- ring_for_waiting: wake nodes that sleep although tasks wait that they can do. Internal:
-- maintain(), resume_handler().
--
-- Whoever makes a task rings. Nobody rings for one whose transaction looked for sleepers just
-- before the node fell asleep; for one that a rate, or others that ran, held up; and for most of
-- very many that were made at once. So this looks once for all nodes, and none of them has to do so
-- often.
--
-- Notifies    nodes that sleep: up to 16 for a requirement, and for each 16 tasks that wait, up to
--             128, 16 more. Chance may choose some twice.
-- Tables      node_asleep, handler, requirement, task_floor, task_ready, fair_lane: read. See
--             running_of(), rate_room().
-- Cost        where no node sleeps, of a look at a sequence. Else of a probe for each requirement
--             of the handlers for which nodes sleep.
create or replace function ring_for_waiting()
returns void
language plpgsql
volatile
set search_path from current
set jit = off
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
    waiting record;
    known   handler;
    room    bigint;
begin
    if pg_catalog.pg_sequence_last_value('task_doorbell') is null then
        return;
    end if;
    for waiting in
        select r.id as requirement, h.name as handler, w.tasks
          from (select distinct a.handler from node_asleep a) as a
         cross join lateral (
            select k.* from handler k
             where k.name = a.handler and k.paused_at is null limit 1) as h
          join requirement r on r.handler = h.name
         cross join lateral (
            select case when exists (select from fair_lane l where l.handler = h.name) then 16
                        else 0 end + (
                   select count(*)
                     from (select distinct on (f.rank) f.*
                             from task_floor f
                            where f.requirement = r.id
                            order by f.rank, f.id desc) as f
                    cross join lateral (
                       select from task_ready q
                        where q.requirement = r.id and q.rank = f.rank and q.place > f.place
                        limit 128) as q) as tasks) as w
         where w.tasks > 0
    loop
        select h.* into strict known from handler h where h.name = waiting.handler;
        room := rate_room(known);
        if known.running_max is not null then
            select least(room, known.running_max - coalesce(sum(o.tasks), 0)) into room
              from running_of(known.name) as o;
        end if;
        room := least(room, waiting.tasks, 128);
        perform ring_nodes(waiting.requirement, room)
           from pg_catalog.generate_series(1, room, 16);
    end loop;
end;
$$;
