-- handler_versions: which versions of which handlers there are, and who carries them. Internal:
-- versions().
--
-- Returns     a JSON array, handlers by name, versions by number: [{handler, version, state, since,
--             build, accepts_from, runs_as, open_sets, in_sets: ["sales@2"], nodes: [name]}].
--             state is 'live', 'warm' where it was, so that a rollback may lead to it, or 'new'.
--             runs_as: the version that does what was made for this one. open_sets: how many task
--             sets it has to finish. in_sets: the versions of a view set that name it.
--             nodes: the live ones that carry it in this build.
-- Tables      handler, handler_version, set_handler, task_set, task_set_pin: read.
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
                              where s.state = 'open'
                                and exists (select from task_set_pin p
                                             where p.task_set = s.id and p.handler = v.handler
                                               and p.version = v.version)),
               'in_sets', array(select s.view_set || '@' || s.set_version::text
                                  from set_handler s
                                 where s.handler = v.handler and s.version = v.version
                                 order by s.view_set, s.set_version),
               'nodes', array(select carriers(v.handler, v.version)))
               order by v.handler, v.version), '[]')
      from handler_version v
      join handler h on h.name = v.handler;
$$;
