-- fair_choice: which tasks of a fair handler's lanes are next, the first ones first. Internal:
-- share_lanes().
--
-- Each lane offers what would bring it to the level at which all have as much by weight, or above
-- which they are already, and no more: where some have less, the next claim finds the rest.
--
-- Arguments   as share_lanes(). lanes_max: at so many lanes it looks, those that were served
--             longest ago.
-- Returns     tasks.
-- Tables      fair_lane, lane_weight, task_in_lane: read.
create or replace function fair_choice(
    handler text, requirements integer[], count integer, lanes_max integer)
returns setof bigint
language plpgsql
stable
set search_path from current
set jit = off
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
begin
    return query
        with looked_at as materialized (
            select f.lane, f.turn, coalesce(w.weight, 1) as weight,
                   h.held,
                   (fair_choice.count + sum(h.held) over ())
                   / sum(coalesce(w.weight, 1)) over () as level
              from (select e.lane, e.turn
                      from fair_lane e
                     where e.handler = fair_choice.handler
                       and exists (select from task_in_lane x
                                    where x.lane = e.lane and not x.is_head)
                     order by e.turn
                     limit fair_choice.lanes_max) as f
             cross join lateral (
                select count(*) as held
                  from task_in_lane t where t.lane = f.lane and t.is_head) as h
              left join lane_weight w on w.lane = f.lane
        ), offered as (
            select o.task, l.turn, o.number,
                   (l.held + o.number)::double precision / l.weight as load
              from looked_at l
             cross join lateral (
                select n.task, row_number() over (order by n.task) as number
                  from (select q.task
                          from (select t.task, t.requirement
                                  from task_in_lane t
                                 where t.lane = l.lane and not t.is_head
                                 order by t.task
                                 limit 1000) as q
                         where q.requirement = any (fair_choice.requirements)
                         order by q.task
                         limit least(fair_choice.count,
                                     greatest(ceil(l.level * l.weight) - l.held, 0) + 1)) as n
                   ) as o
        )
        select o.task
          from offered o
         order by o.load, o.turn, o.number
         limit fair_choice.count;
end;
$$;
