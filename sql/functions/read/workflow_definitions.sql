-- workflow_definitions: which workflows there are, and what their versions do. For `baton workflows
-- definitions`.
--
-- Arguments   name: only this one; null: all.
-- Returns     one row for each version, by name, the newest version first.
--   state     live: new runs take it; former: it was live; new.
--   steps     as define_workflow() has them, with all that was left out.
--   runs      how many that have not ended are pinned to it; it stops counting at 10000.
--   others    of these, those of a definition that the version had before (development).
-- Tables      workflow_version, workflow, workflow_definition, workflow_run: read.
-- Access: observe, orchestrate, node
create or replace function workflow_definitions(name text default null)
returns table (
    name text, version integer, state text, digest text, on_failure text, steps jsonb,
    defined_at timestamptz, defined_by name, runs integer, others integer)
language sql
stable
security definer
set search_path from current
set jit = off
set enable_seqscan = off
as $$
    select v.name, v.version,
           case when w.live_version = v.version then 'live' when v.live_until is not null
                then 'former' else 'new' end,
           v.digest, d.on_failure, d.steps, d.defined_at, d.defined_by, r.runs, r.others
      from workflow_version v
      join workflow w on w.name = v.name
      join workflow_definition d on d.digest = v.digest
     cross join lateral (
        select count(*)::integer as runs,
               (count(*) filter (where o.digest <> v.digest))::integer as others
          from (select n.digest from workflow_run n
                 where n.name = v.name and n.version = v.version and n.ended_at is null
                 limit 10000) as o) as r
     where workflow_definitions.name is null or v.name = workflow_definitions.name
     order by v.name, v.version desc;
$$;
