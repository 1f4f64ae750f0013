-- dead_event_standing: what came of an event that was put before a view again, or that it was to go
-- on without. For `baton dead`, which waits for that.
--
-- Returns     state: 'pending'  the view has not come to it yet.
--                    'done'     the view has it; 'skipped'  the view is past it, without it.
--                    'halting'  the view stands before it again; reason says why.
--                    'waits'    another view of its set stands there, or before; reason names it.
--                    'gone'     this version is not kept any more.
--             No row if the event was never dead for this version.
-- Tables      dead_event, view_state, view_build, set_version, set_member: read.
-- Access: orchestrate
create or replace function dead_event_standing(view text, version integer, "position" bigint)
returns table (state text, reason text)
language sql
stable
security definer
set search_path from current
as $$
    with standing as (
        select s.view, s.version, s.state, s.position from view_state s
         union all
        select b.view, b.version, b.state, b.position from view_build b
    )
    select case when d.state = 'halting' then 'halting'
                when own.view is null then 'gone'
                when own.state = 'following' or own.position >= d.position
                then case d.state when 'skipped' then 'skipped' else 'done' end
                when other.view is not null then 'waits'
                else 'pending' end,
           case when d.state = 'halting' then d.error else other.view end
      from dead_event d
      left join standing own on own.view = d.view and own.version = d.version
      left join lateral (
        select pg_catalog.format('%s@%s', o.view, o.version) as view
          from standing o
         where o.state = 'halted' and o.position < d.position
           and exists (select from set_version s
                         join set_member m on m.view_set = s.view_set and m.set_version = s.version
                         join set_member n on n.view_set = s.view_set and n.set_version = s.version
                        where s.state <> 'retired'
                          and m.member = d.view and m.version = d.version
                          and n.member = o.view and n.version = o.version)
         limit 1) as other on true
     where d.view = dead_event_standing.view and d.version = dead_event_standing.version
       and d.position = dead_event_standing.position;
$$;
