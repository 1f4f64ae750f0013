-- handler_versions: which versions of which handlers there are, and who carries them. Internal:
-- versions().
--
-- Returns     a JSON array, handlers by name, versions by number: [{handler, version, state, since,
--             build, accepts_from, runs_as, open_sets, nodes: [name]}]. state is 'live', 'warm'
--             where it was, so that a rollback may lead to it, or 'new'. runs_as: the version that
--             does what was made for this one. open_sets: how many task sets it has to finish.
--             nodes: the live ones that carry it in this build.
-- Tables      handler, handler_version, task_set: read.
create or replace function handler_versions()
returns jsonb
language sql
stable
set search_path from current
as $$
    select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
               'handler', v.handler, 'version', v.version,
               'state', case when v.version = h.live_version then 'live'
                             when v.live_until is not null then 'warm' else 'new' end,
               'since', case when v.version = h.live_version then v.live_since
                             else coalesce(v.live_until, v.registered_at) end,
               'build', v.build, 'accepts_from', v.accepts_from, 'runs_as', v.runs_as,
               'open_sets', (select count(*) from task_set s
                              where s.handler = v.handler and s.version = v.version
                                and s.state = 'open'),
               'nodes', array(select carriers(v.handler, v.version)))
               order by v.handler, v.version), '[]')
      from handler_version v
      join handler h on h.name = v.handler;
$$;
