-- switch_versions: carry out a promotion: the one transaction in which views change their version.
-- Internal, for the leader that took the lead for it.
--
-- As long as the caller leads nobody else can move the log on, so every view of the sets is at its
-- end, and the log stands still until this commits. Readers see the former versions or the new
-- ones, by their snapshot; they wait for nothing. The former ones are kept warm from here on, by
-- whoever carries them.
--
-- Arguments   promotion: its id. epoch: the caller's leadership.
-- Returns     the position of the switch.
-- Raises      BT035 it cannot be carried out: a view is not at the log's end, or the promotion was
--             ended. BT011 another process leads now.
-- Tables      promotion, set_version, view_state, view_build: update. batch: read.
-- Access: orchestrate
create or replace function switch_versions(promotion bigint, epoch bigint)
returns bigint
language plpgsql
volatile
security definer
set search_path from current
as $$
#variable_conflict use_column
declare
    p       promotion;
    head    bigint;
    after   text[];
    lagging record;
    gone    text[];
    promoted text[];
begin
    perform fence(switch_versions.epoch);
    select * into p from promotion t where t.id = switch_versions.promotion for update;
    if p.state is distinct from 'requested' then
        raise exception 'promotion % is not to be carried out any more', switch_versions.promotion
            using errcode = 'BT035';
    end if;
    -- Whoever retires one of them meanwhile is waited for, or waits and finds it live.
    perform from set_version s
      where s.state = 'live' or s.view_set = any (p.view_sets)
      order by s.view_set, s.version
        for update;
    after := live_sets_after(p.view_sets, p.versions);
    head := coalesce((select b.first_position + b.count - 1 from batch b
                       order by b.first_position desc limit 1), 0);

    if exists (select from promotion_builds(p.view_sets, p.versions) as m
                where not is_shown(m.view, m.version)) then
        raise exception 'the public view of a build is not made yet, because somebody reads it'
            using errcode = 'BT035';
    end if;
    select m.view, m.version, (m.b).position, (m.b).state into lagging
      from promotion_builds(p.view_sets, p.versions) as m
     where (m.b).position is distinct from head or (m.b).state = 'halted'
     limit 1;
    if found then
        raise exception 'the build of %@% stands at position %, the log at %', lagging.view,
            lagging.version, coalesce(lagging.position, 0), head
            using errcode = 'BT035';
    end if;
    promoted := (select pg_catalog.array_agg(w.view_set || '@' || w.version::text)
                   from unnest(p.view_sets, p.versions) as w (view_set, version));
    select l.view, l.version, l.position into lagging
      from view_state l
      join set_version s on s.view_set || '@' || s.version::text = any (promoted)
                        and l.view || '@' || l.version::text = any (s.members)
     where l.state <> 'following'
     limit 1;
    if found then
        raise exception 'view %@% goes over as it is, and stands at position %, the log at %: '
            'resolve what it stands before, or give it a new version, too',
            lagging.view, lagging.version, lagging.position, head
            using errcode = 'BT035';
    end if;

    gone := (select pg_catalog.array_agg(s.view_set || '@' || s.version::text)
               from set_version s
              where s.state = 'live' and s.view_set || '@' || s.version::text <> all (after));
    update set_version s
       set state = 'warm', since = clock_timestamp()
     where s.view_set || '@' || s.version::text = any (gone);
    update set_version s
       set state = 'live', since = clock_timestamp()
     where s.view_set || '@' || s.version::text = any (promoted);
    perform switch_views(head);
    if exists (select from set_version s, lateral pg_catalog.unnest(s.members) as m (member)
                where s.state = 'live'
                  and not exists (select from view_state l
                                   where l.view || '@' || l.version::text = m.member)) then
        raise exception 'a view of a live set would have no live version'
            using errcode = 'BT035';
    end if;
    update promotion t
       set state = 'done', former = gone, position = head, epoch = switch_versions.epoch,
           ended_at = clock_timestamp()
     where t.id = p.id;
    return head;
end;
$$;
