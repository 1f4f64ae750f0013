-- copy_view: copy the rows of a version as a snapshot. Internal: take_snapshots(), take_bases().
--
-- Arguments   view, version, build: of the version. position: that its rows have by this snapshot.
--             is_base: see view_snapshot.
-- Creates     table view_snapshot_<id>.
-- Tables      view_snapshot: insert. The version's own: read.
create or replace function copy_view(
    view text, version integer, build text, "position" bigint, is_base boolean)
returns void
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    team constant name := current_schema() || '_orchestrate';
    made bigint;
begin
    insert into view_snapshot (view, version, build, position, is_base)
    values (copy_view.view, copy_view.version, copy_view.build, copy_view.position,
            copy_view.is_base)
    returning id into made;
    execute pg_catalog.format('create table %I as table %I', 'view_snapshot_' || made::text,
                              copy_view.view || '__v' || copy_view.version::text);
    -- An event trigger may have switched it on.
    execute pg_catalog.format('alter table %I disable row level security',
                              'view_snapshot_' || made::text);
    execute pg_catalog.format('revoke all on type %I from public',
                              'view_snapshot_' || made::text);
    if to_regrole(pg_catalog.quote_ident(team)) is not null then
        execute pg_catalog.format('grant select on %I to %I',
                                  'view_snapshot_' || made::text, team);
    end if;
end;
$$;
