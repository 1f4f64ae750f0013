-- drop_snapshots: drop one snapshot that is not kept any more: more than one is in its stretch, its
-- version is neither live nor kept beside, or was registered with another build; or the log begins
-- behind it. Internal, for the leader, until it returns null.
--
-- A base is kept for as long as something can begin with it: take_bases().
--
-- Arguments   every, most: see take_snapshots(); every 0: none is kept.
-- Returns     'view@version at position', or null if there is nothing to drop.
-- Raises      BT011 the caller does not lead.
-- Locks       the snapshot's table, exclusively; waits for it for 100 ms at most. One that somebody
--             travels in just now, or has made something of, is passed over.
-- Tables      view_snapshot: delete. reducer_version, view_state, view_build: read.
-- Access: orchestrate
create or replace function drop_snapshots(every bigint, most integer)
returns text
language plpgsql
volatile
security definer
set search_path from current
set lock_timeout = '100ms'
as $$
#variable_conflict use_column
declare
    head     bigint;
    distance bigint;
    beginning constant bigint := log_beginning();
    old      view_snapshot;
begin
    perform require_leader();
    if not exists (select from view_snapshot) then
        return null;
    end if;
    head := log_end();
    distance := case when drop_snapshots.every > 0
                     then snapshot_distance(head, drop_snapshots.every, drop_snapshots.most) end;
    for old in
        select s.*
          from view_snapshot s
         where distance is null and not s.is_base
            or s.position < beginning
            or not exists (select from reducer_version r
                            where r.name = s.view and r.version = s.version and r.build = s.build)
            or not exists (select from view_state v
                            where v.view = s.view and v.version = s.version)
               and not exists (select from view_build b
                                where b.view = s.view and b.version = s.version)
            or not s.is_base and exists (
                       select from view_snapshot f
                        where f.view = s.view and f.version = s.version and f.build = s.build
                          and f.position / distance = s.position / distance
                          and f.position < s.position)
         order by s.id
    loop
        begin
            execute pg_catalog.format('drop table if exists %I', 'view_snapshot_' || old.id::text);
            delete from view_snapshot s where s.id = old.id;
            return pg_catalog.format('%s@%s at %s', old.view, old.version, old.position);
        exception when lock_not_available or dependent_objects_still_exist then
            null;
        end;
    end loop;
    return null;
end;
$$;
