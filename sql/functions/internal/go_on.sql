-- go_on: begin the steps of a run whose time has come: all that stand before them are done. Where
-- all are, the run is. Internal: end_step(), move_workflow(), restart_workflow(),
-- resume_workflow(), retry_workflow(), settle_note(), start_workflow(). The caller has locked the
-- run.
--
-- Nothing begins in a run that is paused, or not running.
--
-- Arguments   run: which.
-- Tables      workflow_run: read, update. workflow_step, workflow_run_step: read. See begin_step().
create or replace function go_on(run bigint)
returns void
language plpgsql
volatile
set search_path from current
set jit = off
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    r       workflow_run;
    s       workflow_step;
    goes_on boolean := true;
    begun   boolean := false;
begin
    -- A step that is done as soon as it begins lets others begin.
    while goes_on loop
        select w.* into strict r from workflow_run w where w.id = go_on.run;
        if r.state <> 'running' or r.paused_at is not null then
            return;
        end if;
        goes_on := false;
        for s in
            select d.* from workflow_step d
             where d.digest = r.digest
               and not exists (select from workflow_run_step o
                                where o.run = r.id and o.step = d.step)
               and cardinality(d.after) = (
                    select count(*) from workflow_run_step o
                     where o.run = r.id and o.step = any (d.after) and o.state = 'done')
             order by d.ordinal
        loop
            begun := true;
            if begin_step(r, s) then
                goes_on := true;
                exit;
            end if;
        end loop;
    end loop;
    if begun or exists (
        select from workflow_step d
         where d.digest = r.digest
           and not exists (select from workflow_run_step o
                            where o.run = r.id and o.step = d.step and o.state = 'done'))
    then
        return;
    end if;
    update workflow_run w
       set state = 'done', ended_at = clock_timestamp(), result = run_result(r.id, r.digest),
           reason = null
     where w.id = r.id;
end;
$$;
