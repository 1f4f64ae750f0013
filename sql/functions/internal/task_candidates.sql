-- task_candidates: the newest tasks that are in a state, by ids. Internal: list_tasks().
--
-- Each state is read where it is kept, so that a few that are dead are found among very many that
-- are done.
--
-- Arguments   state: of list_tasks(); null: any. handler: reads only what is of this one, where
--             that costs less; null: any. before: only ids below. at_most: so many.
-- Returns     ids, the highest first.
-- Tables      task, task_end, task_due, task_in_lane, task_ready, task_floor, requirement: read.
create or replace function task_candidates(
    state text, handler text, before bigint, at_most integer)
returns setof bigint
language plpgsql
stable
set search_path from current
set jit = off
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
begin
    if task_candidates.state is null then
        return query select t.id from task t where t.id < task_candidates.before
                      order by t.id desc limit task_candidates.at_most;
    elsif task_candidates.state = 'done' then
        return query select e.task from task_end e
                      where e.task < task_candidates.before and e.outcome = 'done'
                      order by e.task desc limit task_candidates.at_most;
    elsif task_candidates.state in ('due', 'following') then
        return query
            select w.task
              from ((select d.task
                       from task_due d
                      where d.task < task_candidates.before
                        and (d.after is null
                             and (d.follows is null
                                  or exists (select from task_end l where l.task = d.follows)))
                            = (task_candidates.state = 'due')
                      order by d.task desc limit task_candidates.at_most)
                     union all
                    (select l.task
                       from task_in_lane l
                      where task_candidates.state = 'following' and not l.is_head
                        and l.task < task_candidates.before
                      order by l.task desc limit task_candidates.at_most)) as w
             order by w.task desc
             limit task_candidates.at_most;
    elsif task_candidates.state = 'claimed' then
        return query select h.task from held_now(null::bigint[]) as h
                      where h.task < task_candidates.before
                      order by h.task desc limit task_candidates.at_most;
    elsif task_candidates.state = 'waiting' then
        return query
            select w.task
              from ((select f.task
                       from requirement r
                      cross join lateral (select distinct l.rank from task_floor l
                                           where l.requirement = r.id and l.rank % 2 <> 0) as l
                      cross join lateral (
                        select q.task from task_ready q
                         where q.requirement = r.id and q.rank = l.rank
                           and q.place < task_candidates.before
                         order by q.place desc limit task_candidates.at_most) as f
                      where task_candidates.handler is null
                         or r.handler = task_candidates.handler)
                     union all
                    (select b.task from task_ready b
                      where b.rank % 2 = 0 and b.task < task_candidates.before
                      order by b.task desc limit task_candidates.at_most)) as w
             order by w.task desc
             limit task_candidates.at_most;
    else
        return query select e.task from task_end e
                      where e.task < task_candidates.before and e.outcome <> 'done'
                        and e.outcome = task_candidates.state
                      order by e.task desc limit task_candidates.at_most;
    end if;
end;
$$;
