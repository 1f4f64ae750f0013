-- require_workflow_version: a version of a workflow. Internal: move_workflow(), promote_workflow(),
-- start_workflow().
--
-- Arguments   name: of the workflow. version: which; null: the one that is live.
-- Raises      BT065 there is none.
-- Tables      workflow, workflow_version: read.
create or replace function require_workflow_version(name text, version integer)
returns workflow_version
language plpgsql
stable
set search_path from current
as $$
#variable_conflict use_column
declare
    known    workflow_version;
    versions text;
begin
    select v.* into known
      from workflow w
      join workflow_version v on v.name = w.name
                             and v.version = coalesce(require_workflow_version.version,
                                                      w.live_version)
     where w.name = require_workflow_version.name;
    if not found then
        select string_agg(v.version::text, ', ' order by v.version) into versions
          from workflow_version v where v.name = require_workflow_version.name;
        raise exception '%', case when versions is not null
            then pg_catalog.format('workflow %s has no version %s here; there is %s',
                                   require_workflow_version.name,
                                   require_workflow_version.version, versions)
            else pg_catalog.format('there is no workflow %s; see `baton workflows definitions`',
                coalesce(pg_catalog.quote_literal(
                             pg_catalog.left(require_workflow_version.name, 128)), 'null')) end
            using errcode = 'BT065';
    end if;
    return known;
end;
$$;
