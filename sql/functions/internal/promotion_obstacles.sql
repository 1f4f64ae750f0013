-- promotion_obstacles: what stands in the way of a promotion, in the words for all who ask.
-- Internal: promote_sets(), open_promotion(), switch_versions(), promotion_hold(),
-- version_problems().
--
-- Arguments   view_sets, versions: what is to be live. is_switching: the caller leads, to carry it
--             out: builds must be at the log's very end, and who keeps them is settled.
-- Returns     a row for each obstacle, the first one to be resolved first.
--             what: a clause that says it.
--             kind: 'unfit'      the sets cannot be live together, see live_sets_after().
--                   'halted'     a build stands before an event that it cannot fold.
--                   'unkept'     no process keeps a build.
--                   'uncarried'  no process that keeps one carries all that would be live.
--                   'behind'     a build is further than a batch from the log's end.
--                   'read'       a public view does not know a version yet, as somebody reads it.
--                   'shared'     a live view that goes over as it is is not at the log's end.
--             The first two end a promotion; the others may pass, and are waited for.
--             is_awaited: also by who did not ask to wait. code: the SQLSTATE to raise it with.
-- Tables      set_member, view_state: read.
create or replace function promotion_obstacles(
    view_sets text[], versions integer[], is_switching boolean)
returns table (kind text, what text, is_awaited boolean, code text)
language plpgsql
stable
set search_path from current
as $$
#variable_conflict use_column
declare
    after versioned[];
begin
    begin
        after := live_sets_after(promotion_obstacles.view_sets, promotion_obstacles.versions);
    exception when sqlstate 'BT034' or sqlstate 'BT035' then
        return query select 'unfit', sqlerrm, false, sqlstate;
        return;
    end;
    return query
    select o.kind, o.what, o.is_awaited, 'BT035'
      from build_obstacles(promotion_obstacles.view_sets, promotion_obstacles.versions, after,
                           promotion_obstacles.is_switching) as o;
    return query
    select 'shared',
           pg_catalog.format('view %s@%s goes over as it is, and is %s at position %s: resolve '
                             'what it stands before, or give it a new version, too',
                             l.view, l.version, l.state, l.position),
           false, 'BT035'
      from unnest(promotion_obstacles.view_sets, promotion_obstacles.versions)
           as w (view_set, version)
      join set_member m on m.view_set = w.view_set and m.set_version = w.version
      join view_state l on l.view = m.member and l.version = m.version
     where l.state <> 'following'
     order by l.view;
end;
$$;
