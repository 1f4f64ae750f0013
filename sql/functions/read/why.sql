-- why: the one reason why a task does not run now, and what would make it run.
--
-- Arguments   task: of enqueue().
-- Returns     one row; none where there is no such task.
--   state     as task_state() says.
--   reason    a word for it: done, dead, cancelled, replaced; following: it waits for another task
--             with its unique key; after, after_held: for the one after which it is made; lane,
--             lane_held: for its turn in its lane, see why_in_lane(); time, retry: for a time;
--             overdue, unmaintained, passed_by: for maintain(); paused: for somebody to resume its
--             handler; no_node, other_version, other_build, labels: for a node, see
--             requirement_lack(); endpoint: for that to be tried again; limit, rate: for others of
--             its handler to end, or for a time; queued, next: for its turn; prefetched, running,
--             node_ended: for the node that has it; nowhere.
--   found     the same as people read it. fix: what to do; null where there is nothing to.
-- Cost        some index probes; where it waits for its turn, of up to 10000 that go first.
-- Tables      node: read. See why_ended() and its sisters.
-- Access: dispatch, node, observe, orchestrate
create or replace function why(task bigint)
returns table (state text, reason text, found text, fix text)
language plpgsql
stable
security definer
set search_path from current
set jit = off
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    s       record;
    at_node text;
begin
    select p.* into s from task_standings(array[why.task]) as p;
    if not found then
        return;
    end if;
    at_node := coalesce((select n.name from node n where n.id = s.node), 'a node that is gone');
    case s.state
        when 'waiting' then
            return query select s.state, w.* from why_waiting(s.requirement, s.rank, s.place) as w;
        when 'due' then
            return query select s.state, w.* from why_due(why.task, s.due_at, s.attempts) as w;
        when 'following' then
            if s.after is not null then
                return query
                    select s.state, w.* from why_after(why.task, s.after, s.when_failed) as w;
                return;
            elsif s.follows is null then
                return query select s.state, w.* from why_in_lane(why.task) as w;
                return;
            end if;
            return query
                select s.state, s.state, pg_catalog.format(
                           'task %s has the same unique key, and has to end before; it is %s',
                           s.follows, f.state),
                       pg_catalog.format('baton tasks why %s', s.follows)
                  from task_standings(array[s.follows]) as f;
        when 'claimed' then
            return query select s.state, w.* from why_claimed(s.node, s.since, s.started) as w;
        when 'dead', 'cancelled' then
            return query
                select s.state, s.state, w.*
                  from why_ended(why.task, s.state, s.since, s.attempts, at_node, s.ended_why) as w;
        when 'nowhere' then
            return query select s.state, s.state,
                'it stands at none of the places that there are: rows were changed by hand',
                'baton doctor';
        else
            return query select s.state, s.state,
                pg_catalog.format('it is %s since %s%s', s.state, date_trunc('second', s.since),
                                  case when s.node is not null then ', at ' || at_node end),
                null::text;
    end case;
end;
$$;
