-- deliver_events: steps that wait for events that came are done. Internal: maintain_workflows().
--
-- An event and a step that waits for it may be written at the same time, and then neither sees the
-- other. So each is new until it was looked at here, where one session is at a time: whichever of
-- the two is seen later is compared with all of the other kind. None is missed, and nobody who
-- writes one waits.
--
-- Arguments   at_most: so many of each.
-- Returns     whether there may be more.
-- Tables      workflow_event, workflow_run_step: read, update. See deliver_event().
create or replace function deliver_events(at_most integer)
returns boolean
language plpgsql
volatile
set search_path from current
set jit = off
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    e        record;
    count    integer := 0;
    is_taken boolean;
    o        record;
begin
    for e in
        select v.position, v.type, v.key from workflow_event v where v.is_new
         order by v.position limit deliver_events.at_most
    loop
        count := count + 1;
        is_taken := true;
        for o in
            select s.run, s.step from workflow_run_step s
             where s.event = e.type and s.event_key = e.key and s.after_position < e.position
             order by s.run
        loop
            -- What cannot go on is new itself, from now on.
            is_taken := (deliver_event(o.run, o.step)
                         or exists (select from workflow_run_step s
                                     where s.run = o.run and s.step = o.step and s.is_new))
                        and is_taken;
        end loop;
        if is_taken then
            update workflow_event v set is_new = false where v.position = e.position;
        end if;
    end loop;
    for o in
        -- Those that could not go on come after the others.
        select s.run, s.step from workflow_run_step s where s.is_new
         order by s.error is not null, s.run limit deliver_events.at_most
    loop
        count := count + 1;
        if deliver_event(o.run, o.step) then
            update workflow_run_step s set is_new = false
             where s.run = o.run and s.step = o.step and s.is_new;
        end if;
    end loop;
    return count >= deliver_events.at_most
           and exists (select from workflow_run_step s where s.is_new and s.error is null);
end;
$$;
