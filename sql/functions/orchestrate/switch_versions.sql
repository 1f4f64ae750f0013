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
-- Raises      BT035 it cannot be carried out: a view is not at the log's end, the promotion was
--             ended, or see handler_obstacle(). BT011 another process leads now.
-- Locks       the turn 'registration', if handlers are among it: before the leader's row, as
--             register_handler() does.
-- Tables      promotion, set_version: update. view_state, set_member: read. task_set: see
--             supersede_task_sets().
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
    p        promotion;
    obstacle record;
    head     bigint;
    after    versioned[];
    gone     versioned[];
    warm     versioned[];
begin
    perform lock_registration()
       from promotion t where t.id = switch_versions.promotion and t.handlers <> '{}';
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
    select * into obstacle from promotion_obstacles(p.view_sets, p.versions, true) limit 1;
    if found then
        raise exception '%', obstacle.what using errcode = obstacle.code;
    end if;
    after := live_sets_after(p.view_sets, p.versions);
    head := log_end();

    gone := array(select (s.view_set, s.version)::versioned
                    from set_version s
                   where s.state = 'live' and (s.view_set, s.version)::versioned <> all (after));
    warm := array(select (s.view_set, s.version)::versioned
                    from set_version s where s.state = 'warm');
    update set_version s
       set state = 'warm', since = clock_timestamp()
     where (s.view_set, s.version)::versioned = any (gone);
    update set_version s
       set state = 'live', since = clock_timestamp()
     where s.state <> 'live' and (s.view_set, s.version)::versioned = any (after);
    perform switch_views(head);
    if exists (select from set_version s
                 join set_member m on m.view_set = s.view_set and m.set_version = s.version
                where s.state = 'live'
                  and not exists (select from view_state l
                                   where l.view = m.member and l.version = m.version)) then
        raise exception 'a view of a live set would have no live version'
            using errcode = 'BT035';
    end if;
    perform supersede_task_sets(
                w.view_set, f.version, w.version, (w.view_set, w.version)::versioned = any (warm))
       from unnest(p.view_sets, p.versions) as w (view_set, version)
       join pg_catalog.unnest(gone) as f on f.name = w.view_set;
    update promotion t
       set state = 'done', position = head, epoch = switch_versions.epoch,
           former = gone || switch_handlers(p.handlers, p.handler_versions, p.nodes),
           ended_at = clock_timestamp()
     where t.id = p.id;
    return head;
end;
$$;
