-- set_lanes: how many tasks of one lane of a handler are done at a time, and what becomes of a lane
-- whose head is dead.
--
-- With width 1, which a handler has to begin with, the tasks of a lane are done one after the
-- other, in their order: what is tried again, or put off, stays at the head. With another width
-- that many are claimed at a time at most, and what is tried again lets others go first meanwhile.
--
-- Where more may go now, they are ready with the next claim or pass of maintain(). Where fewer may,
-- those that are ready or claimed go on, and no other begins until there is room.
--
-- Arguments   handler: which. width: 1 to 100,000. when_dead: with width 1: 'hold', the lane stands
--             still until that task is retried or cancelled; 'pass', the next one goes.
-- Raises      BT037 nobody registered the handler. BT042 the width or when_dead is none.
-- Locks       the handler, until the transaction ends.
-- Tables      handler: read, update. task_in_lane, requirement, task_end: read. lane_note: insert.
--             The lanes of what is dead: see leave_lanes().
-- Cost        of a look at all that waits in lanes.
-- Access: orchestrate
create or replace function set_lanes(handler text, width integer, when_dead text default 'hold')
returns void
language plpgsql
volatile
security definer
set search_path from current
set jit = off
as $$
#variable_conflict use_column
begin
    if set_lanes.width between 1 and 100000 is not true
       or set_lanes.when_dead in ('hold', 'pass') is not true
    then
        raise exception 'a lane has a width of 1 to 100000, not %, and when its head is dead it is '
            'to hold or to pass, not %',
            coalesce(set_lanes.width::text, 'null'), coalesce(set_lanes.when_dead, 'null')
            using errcode = 'BT042';
    end if;
    perform require_handler(set_lanes.handler);
    -- Against note_failure(), which may be about to go by what was said before.
    perform from handler h where h.name = set_lanes.handler for update;
    update handler h
       set lane_width = set_lanes.width, lane_when_dead = set_lanes.when_dead
     where h.name = set_lanes.handler;
    if set_lanes.width > 1 or set_lanes.when_dead = 'pass' then
        perform leave_lanes(array(
            select l.task
              from task_in_lane l
              join requirement r on r.id = l.requirement
              join task_end e on e.task = l.task
             where r.handler = set_lanes.handler and l.is_head and e.outcome = 'dead'), false);
    end if;
    insert into lane_note (handler, lane)
    select distinct r.handler, l.lane
      from task_in_lane l
      join requirement r on r.id = l.requirement
     where r.handler = set_lanes.handler and not l.is_head;
end;
$$;
