-- end_long_runs: take from nodes, living ones too, what they have had for longer than the handler
-- allows. Internal: maintain().
--
-- What extend() has given longer is left alone until then.
--
-- Whose handler started has lost an attempt; what was only handed out costs a delivery. The node
-- hears of it with its next heartbeat(), as of a task that was cancelled, and what it says of the
-- task is refused from now on.
--
-- Arguments   at_most: how many.
-- Returns     how many there were.
-- Locks       the claims; it passes by those that somebody is completing.
-- Tables      handler, task_claim, task, requirement, task_end, node, task_extension: read.
--             task_recall: insert. task_failure, task_due: see note_failure(). task_ready: see
--             bring_back().
-- Cost        where no handler has such a limit, of a look at the handlers.
create or replace function end_long_runs(at_most integer)
returns integer
language plpgsql
volatile
set search_path from current
set jit = off
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
    shortest constant interval := (select min(h.run_at_most) from handler h);
    over     record;
    held     record;
    ended    integer := 0;
begin
    if shortest is null then
        return 0;
    end if;
    for over in
        select c.id as claim, c.node, t.id as task, p.run_at_most, p.max_deliveries,
               (select n.name from node n where n.id = c.node) as node_name
          from task_claim c
         cross join lateral pg_catalog.unnest(c.tasks) as h (task)
         cross join lateral (
            select a.id, a.requirement from task a where a.id = h.task limit 1) as t
          join requirement r on r.id = t.requirement
          join handler p on p.name = r.handler
         where c.claimed_at < clock_timestamp() - shortest
           and c.claimed_at < clock_timestamp() - p.run_at_most
           and h.task <> all (c.returned)
           and not exists (select from task_extension x
                            where x.task = h.task and x.claim = c.id
                              and x.ends_at > clock_timestamp())
           and not exists (select from task_end e where e.task = h.task)
         order by c.id
         limit end_long_runs.at_most
           for update of c skip locked
    loop
        select g.* into held
          from give_up(over.node, array[over.task::text || '.' || over.claim::text]) as g;
        continue when held.task is null;
        ended := ended + 1;
        insert into task_recall (node, task, claim) values (over.node, over.task, over.claim)
        on conflict do nothing;
        if held.started or held.deliveries + 1 >= over.max_deliveries then
            perform note_failure(
                over.task, over.claim, over.node, held.claimed_at,
                held.attempts - case when held.started then 0 else 1 end, held.deliveries + 1,
                'lost', pg_catalog.format(
                    'node %s had it for longer than the %s that its handler may run, so it was '
                    'taken away', over.node_name, over.run_at_most),
                null, false);
        else
            perform bring_back(array[over.task], array[held.attempts],
                               array[held.deliveries + 1]);
        end if;
    end loop;
    return ended;
end;
$$;
