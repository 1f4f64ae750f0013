-- deliver_event: a step of a run that waits for an event is done, if one came: the first. Internal:
-- deliver_events().
--
-- Arguments   run, step: which.
-- Returns     false where somebody has the run, or what follows raises, which is on record then:
--             nothing was changed otherwise.
-- Locks       the run.
-- Tables      workflow_run: lock. workflow_event: read. workflow_run_step: read, update. See
--             end_step().
create or replace function deliver_event(run bigint, step text)
returns boolean
language plpgsql
volatile
set search_path from current
set jit = off
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    o workflow_run_step;
    e workflow_event;
begin
    perform from workflow_run r where r.id = deliver_event.run for no key update skip locked;
    if not found then
        return not exists (select from workflow_run r where r.id = deliver_event.run);
    end if;
    select s.* into o from workflow_run_step s
     where s.run = deliver_event.run and s.step = deliver_event.step;
    select v.* into e from workflow_event v
     where v.type = o.event and v.key = o.event_key and v.position > o.after_position
     order by v.position limit 1;
    if found then
        begin
            update workflow_run_step s set event_position = e.position
             where s.run = o.run and s.step = o.step;
            perform end_step(o.run, o.step, e.payload, true);
        exception when others then
            -- No other run is to wait because this one cannot go on.
            update workflow_run_step s
               set is_new = true, error = pg_catalog.left(sqlerrm, 1000)
             where s.run = o.run and s.step = o.step;
            return false;
        end;
    end if;
    return true;
end;
$$;
