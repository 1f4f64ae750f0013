-- handlers_of_sets: which handlers change their version where view sets do.
--
-- Arguments   view_sets, versions: what would be live.
-- Returns     a row for each handler that one of these names, and that is live at another version,
--             or not there at all. build: null where no node registered that version.
-- Tables      set_handler, handler, handler_version: read.
-- Access: observe, orchestrate
create or replace function handlers_of_sets(view_sets text[], versions integer[])
returns table (handler text, version integer, view_set text, set_version integer, build text)
language sql
stable
security definer
set search_path from current
as $$
    select s.handler, s.version, s.view_set, s.set_version, v.build
      from unnest(handlers_of_sets.view_sets, handlers_of_sets.versions) as w (view_set, version)
      join set_handler s on s.view_set = w.view_set and s.set_version = w.version
      left join handler h on h.name = s.handler
      left join handler_version v on v.handler = s.handler and v.version = s.version
     where s.version is distinct from h.live_version
     order by s.handler;
$$;
