-- set_fairness: the lanes of a handler have no width, but share what nodes have, by weight: see
-- share_lanes(). What has no lane is in that of its tenant.
--
-- What waits by now is taken into lanes, 100,000 at a time. Where it is not fair any more, its
-- lanes are lanes as ever, of the width that set_lanes() says.
--
-- Arguments   handler: which. is_fair: whether.
-- Returns     how many of those that waited for a node have been taken into lanes. Where that is
--             100,000 there may be more: call it again, in another transaction.
-- Raises      BT037 nobody registered the handler. BT042 is_fair is null. BT006 the transaction's
--             snapshot is fixed.
-- Locks       the handler, until the transaction ends: its claims wait.
-- Tables      handler, task: update. task_ready: delete. requirement, task_in_lane, task_end:
--             read. fair_lane: delete. lane_note: insert. The lanes: see enter_lanes(). Those that
--             others are taking: passed by.
-- Access: orchestrate
create or replace function set_fairness(handler text, is_fair boolean)
returns integer
language plpgsql
volatile
security definer
set search_path from current
set jit = off
as $$
#variable_conflict use_column
declare
    tasks      bigint[];
    attempts   integer[];
    deliveries integer[];
begin
    perform require_read_committed('set_fairness');
    if set_fairness.is_fair is null then
        raise exception 'is handler % to be fair: true or false, not null', set_fairness.handler
            using errcode = 'BT042';
    end if;
    perform require_handler(set_fairness.handler);
    perform from handler h where h.name = set_fairness.handler for no key update;
    update handler h set is_fair = set_fairness.is_fair
     where h.name = set_fairness.handler and h.is_fair <> set_fairness.is_fair;
    -- Whoever looks at lanes from now on finds those that are not empty here.
    insert into lane_note (handler, lane)
    select distinct r.handler, l.lane
      from task_in_lane l
      join requirement r on r.id = l.requirement
     where r.handler = set_fairness.handler and not l.is_head;
    if not set_fairness.is_fair then
        delete from fair_lane f where f.handler = set_fairness.handler;
        return 0;
    end if;

    -- Behind what is dead nothing stands still any more.
    perform leave_lanes(array(
        select l.task
          from task_in_lane l
          join requirement r on r.id = l.requirement
          join task_end e on e.task = l.task
         where r.handler = set_fairness.handler and l.is_head and e.outcome = 'dead'), false);
    with gone as (
        delete from task_ready where ctid = any (array(
            select q.ctid
              from task_ready q
              join requirement r on r.id = q.requirement
             where r.handler = set_fairness.handler and r.build is null and not q.in_lane
             limit 100000
               for update of q skip locked))
        returning task, attempts, deliveries
    )
    select pg_catalog.array_agg(g.task), pg_catalog.array_agg(g.attempts::integer),
           pg_catalog.array_agg(g.deliveries::integer)
      into tasks, attempts, deliveries
      from gone g;
    update task t
       set lane = fair_lane_name(t.tenant)
     where t.id = any (tasks) and t.lane is null;
    return enter_lanes(tasks, attempts, deliveries);
end;
$$;
