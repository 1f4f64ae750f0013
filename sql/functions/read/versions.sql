-- versions: which versions of which view sets there are, and how far those are that are not live;
-- and which versions of which handlers.
--
-- Returns     a JSON array, sets by name, versions by number: [{view_set, version, state, since,
--             views: [{view, version, build, state, position, lag_events, lag_seconds,
--             events_per_second, seconds_left, node, reason}]}]. Of a live view, state and
--             position are those of status(). Else state is 'building', 'ready', 'halted', or
--             'unkept' while no process keeps it, and 'retired' without rows. node keeps it: for a
--             live one, the leader. events_per_second is the mean since the process took it on;
--             seconds_left is null where that says nothing. After them the handlers', without
--             view_set: see handler_versions().
-- Cost        small. But its tables have no statistics, so Postgres takes them for large and would
--             compile the query for a second or two.
-- Tables      set_version, set_member, reducer_version, view_state, view_build, leader: read.
-- Access: observe, orchestrate
create or replace function versions()
returns jsonb
language sql
stable
security definer
set search_path from current
set jit = off
as $$
    with head as materialized (
        select log_end() as position
    ), leader_now as (
        select d.node
          from leader d
         where is_led(d)
    ), member as (
        select m.view_set, m.set_version, m.member as view, m.version, r.build,
               case when l.view is not null then l.state
                    when b.view is null then 'retired'
                    when b.state <> 'halted' and not is_kept(b) then 'unkept'
                    else b.state end as state,
               case when l.state = 'following' then head.position
                    else coalesce(l.position, b.position) end as position,
               head.position as head,
               case when b.position > b.claimed_position
                    then (b.position - b.claimed_position)
                         / greatest(extract(epoch from b.changed_at - b.claimed_at), 0.001) end
                   as rate,
               coalesce(l.reason, b.reason, inactive_reason(s)) as reason,
               case when l.view is not null then leader_now.node
                    when is_kept(b) then b.node end as node
          from set_version s
         cross join head
          left join leader_now on true
          join set_member m on m.view_set = s.view_set and m.set_version = s.version
          join reducer_version r on r.name = m.member and r.version = m.version
          left join view_state l on l.view = m.member and l.version = m.version
          left join view_build b on b.view = m.member and b.version = m.version
    )
    select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
               'view_set', s.view_set, 'version', s.version, 'state', s.state, 'since', s.since,
               'views', (
                select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
                           'view', m.view, 'version', m.version, 'build', m.build,
                           'state', m.state, 'position', m.position,
                           'lag_events', m.head - m.position,
                           'lag_seconds', lag_seconds(m.position, m.head),
                           'events_per_second', round(m.rate::numeric),
                           'seconds_left', case when m.state = 'building' and m.rate > 0
                                then round(((m.head - m.position) / m.rate)::numeric, 1) end,
                           'node', m.node, 'reason', m.reason) order by m.view)
                  from member m
                 where m.view_set = s.view_set and m.set_version = s.version))
               order by s.view_set, s.version), '[]') || handler_versions()
      from set_version s;
$$;
