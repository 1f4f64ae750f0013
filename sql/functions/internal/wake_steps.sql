-- wake_steps: steps that sleep are done once their time has come; of those that wait for an event
-- the deadline is over. Where what follows raises, that is on record, and it is tried again ten
-- seconds later: no other run is to wait for it. Internal: maintain_workflows().
--
-- Arguments   now: until when. at_most: so many.
-- Returns     whether there may be more.
-- Locks       the runs; it passes by those that somebody has locked.
-- Tables      workflow_run_step: read, update. workflow_run, workflow_step: read. See end_step(),
--             fail_step().
create or replace function wake_steps(now timestamptz, at_most integer)
returns boolean
language plpgsql
volatile
set search_path from current
set jit = off
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    due   record;
    r     workflow_run;
    s     workflow_step;
    count integer := 0;
begin
    for due in
        select o.run, o.step, o.event, o.event_key from workflow_run_step o
         where o.due_at <= wake_steps.now order by o.due_at limit wake_steps.at_most
    loop
        count := count + 1;
        select w.* into r from workflow_run w where w.id = due.run for no key update skip locked;
        -- It may have ended while nobody had the run locked.
        continue when not found or not exists (
            select from workflow_run_step o
             where o.run = due.run and o.step = due.step and o.due_at <= wake_steps.now);
        select d.* into strict s
          from workflow_step d where d.digest = r.digest and d.step = due.step;
        begin
            if s.sleep is not null then
                perform end_step(r.id, s.step, step_payload(r, s), true);
            elsif s.at_deadline = 'continue' then
                perform end_step(r.id, s.step, null::jsonb, true);
            else
                perform fail_step(r.id, s.step, pg_catalog.format(
                    'no event %s of the key %s came within %s', due.event,
                    pg_catalog.quote_literal(due.event_key), s.deadline));
            end if;
        exception when others then
            update workflow_run_step o
               set due_at = wake_steps.now + interval '10 seconds',
                   error = pg_catalog.left(sqlerrm, 1000)
             where o.run = due.run and o.step = due.step;
        end;
    end loop;
    return count >= wake_steps.at_most;
end;
$$;
