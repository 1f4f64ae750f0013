-- require_done_before: raise that a run cannot go on at a step, because what stands before it is
-- not done. Internal: move_workflow(), restart_workflow().
--
-- Arguments   r: the run. digest: of the definition. step: which. what: what cannot be done.
-- Raises      BT065 there is no such step. BT066.
-- Tables      workflow_step, workflow_run_step: read.
create or replace function require_done_before(r workflow_run, digest text, step text, what text)
returns void
language plpgsql
stable
set search_path from current
as $$
#variable_conflict use_column
declare
    s       workflow_step;
    lacking record;
begin
    select d.* into s from workflow_step d
     where d.digest = require_done_before.digest and d.step = require_done_before.step;
    if not found then
        raise exception 'workflow % has no step %; its steps are %', r.name,
            coalesce(pg_catalog.quote_literal(pg_catalog.left(require_done_before.step, 128)),
                     'null'),
            (select string_agg(d.step, ', ' order by d.ordinal) from workflow_step d
              where d.digest = require_done_before.digest)
            using errcode = 'BT065';
    end if;
    with recursive ahead (step) as (
        select a.step from pg_catalog.unnest(s.after) as a (step)
         union
        select a.step
          from ahead h
          join workflow_step d on d.digest = require_done_before.digest and d.step = h.step
         cross join lateral pg_catalog.unnest(d.after) as a (step)
    )
    select a.step, coalesce(o.state, 'not begun') as state into lacking
      from ahead a
      left join workflow_run_step o on o.run = r.id and o.step = a.step
     where o.state is distinct from 'done'
     limit 1;
    if found then
        perform refuse_run(r, pg_catalog.format(
            '%s at step %s: step %s before it is %s, and not done', require_done_before.what,
            s.step, lacking.step, lacking.state));
    end if;
end;
$$;
