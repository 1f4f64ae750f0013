-- promote_workflow: new runs of a workflow take this version, from now on. Those that there are go
-- on by their own. Another one leads back.
--
-- Arguments   name: of the workflow. version: which; null: the one that was live before the present
--             one. nodes: so many live ones must carry each handler of its steps.
-- Returns     the version.
-- Raises      BT065 there is no such workflow or version. BT035 it is live; too few nodes carry a
--             handler. BT034 there was no version before. 42501 the caller is not the environment's
--             owner, and this is no development environment.
-- Locks       the turn 'registration', until the transaction ends.
-- Tables      workflow, workflow_version: read, update. workflow_step: read.
-- Access: orchestrate
create or replace function promote_workflow(
    name text, version integer default null, nodes integer default 1)
returns integer
language plpgsql
volatile
security definer
set search_path from current
as $$
#variable_conflict use_column
declare
    live   workflow_version;
    wanted workflow_version;
    lack   record;
begin
    perform require_operator('promote_workflow');
    perform lock_registration();
    live := require_workflow_version(promote_workflow.name, null::integer);
    wanted := require_workflow_version(promote_workflow.name, coalesce(promote_workflow.version, (
        select v.version from workflow_version v
         where v.name = live.name and v.version <> live.version and v.live_until is not null
         order by v.live_until desc limit 1)));
    if wanted.version = live.version then
        raise exception '%', case
            when promote_workflow.version is null
            then pg_catalog.format('workflow %s was live in no other version', live.name)
            else pg_catalog.format('workflow %s is live at version %s already', live.name,
                                   live.version) end
            using errcode = case when promote_workflow.version is null then 'BT034'
                                 else 'BT035' end;
    end if;
    select h.handler, h.version, (select count(*) from carriers(h.handler, h.version)) as carriers
      into lack
      from workflow_step d
     cross join lateral (values (d.handler, d.version), (d.undo_handler, d.undo_version))
           as h (handler, version)
     where d.digest = wanted.digest and h.handler is not null
       and (select count(*) from carriers(h.handler, h.version))
           < coalesce(promote_workflow.nodes, 1)
     order by d.ordinal limit 1;
    if found then
        raise exception 'workflow %@% cannot be promoted: %@% is carried by % live nodes, of the % '
            'that are asked for; start a program that carries it, or say with --nodes how many are '
            'enough', wanted.name, wanted.version, lack.handler, lack.version, lack.carriers,
            coalesce(promote_workflow.nodes, 1)
            using errcode = 'BT035';
    end if;
    update workflow_version v set live_until = clock_timestamp()
     where v.name = live.name and v.version = live.version;
    update workflow_version v set live_since = clock_timestamp(), live_until = null
     where v.name = wanted.name and v.version = wanted.version;
    update workflow w set live_version = wanted.version where w.name = wanted.name;
    return wanted.version;
end;
$$;
