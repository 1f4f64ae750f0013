-- forget_workflow_runs: forget runs of workflows that ended as long ago as tasks are forgotten, and
-- events that nobody can wait for any more. Internal: forget_history().
--
-- One that failed may have steps that still run: nobody would go on with them, so they end.
--
-- Arguments   at_most: how many of each.
-- Tables      workflow_run, workflow_task, workflow_event: delete. event_limit: read. See
--             stop_steps().
create or replace function forget_workflow_runs(at_most integer)
returns void
language plpgsql
volatile
set search_path from current
set jit = off
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    until constant timestamptz := clock_timestamp()
        - (select l.task_history from event_limit l where l.only_row);
    runs  bigint[];
begin
    runs := array(
        select r.id from workflow_run r where r.ended_at < until
         order by r.ended_at limit forget_workflow_runs.at_most
           for update skip locked);
    perform stop_steps(f.id, null::text[], 'its run is forgotten')
       from workflow_run f where f.id = any (runs) and f.state = 'failed';
    delete from workflow_task w where w.run = any (runs);
    delete from workflow_run r where r.id = any (runs);
    delete from workflow_event v
     where v.position = any (array(
        select e.position from workflow_event e
         where e.recorded_at < until and not e.is_new
           and e.position <= coalesce((
                select r.start_position from workflow_run r where r.ended_at is null
                 order by r.start_position limit 1), 9223372036854775807)
         order by e.position limit forget_workflow_runs.at_most));
end;
$$;
