-- forget_schedule_runs: forget what came of slots, as long ago as tasks are forgotten. Internal:
-- forget_history().
--
-- Arguments   at_most: how many.
-- Tables      schedule_run: delete. event_limit: read.
create or replace function forget_schedule_runs(at_most integer)
returns void
language plpgsql
volatile
set search_path from current
set jit = off
set enable_seqscan = off
as $$
declare
    until constant timestamptz := clock_timestamp()
        - (select l.task_history from event_limit l where l.only_row);
begin
    delete from schedule_run r
     where r.ctid = any (array(
        select o.ctid from schedule_run o
         where o.made_at < until order by o.made_at limit forget_schedule_runs.at_most));
end;
$$;
