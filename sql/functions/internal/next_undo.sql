-- next_undo: which step of a run is to be undone next: that which was done last, of those that say
-- what undoes them. One of which only some tasks were done goes before. Internal: undo_next(),
-- undo_run().
--
-- Arguments   run: which.
-- Returns     its name; null where there is none.
-- Tables      workflow_run, workflow_step, workflow_run_step, workflow_task: read.
create or replace function next_undo(run bigint)
returns text
language sql
stable
set search_path from current
set jit = off
set enable_seqscan = off
as $$
    select o.step
      from workflow_run r
      join workflow_run_step o on o.run = r.id
      join workflow_step d on d.digest = r.digest and d.step = o.step
     where r.id = next_undo.run and d.undo_handler is not null
       and (o.state = 'done'
            or o.state in ('failed', 'cancelled')
               and exists (select from workflow_task w
                            where w.run = o.run and w.step = o.step and w.round = o.round
                              and not w.is_undo and w.is_done))
     order by o.place desc nulls first, d.ordinal desc
     limit 1;
$$;
