-- record_dead_event: note that a reducer could not fold an event. Internal, for the leader.
--
-- Arguments   error: text without NUL and invalid UTF-8; storable_text() in C++ makes it so,
--             because the record of a failure must not fail on the bytes that caused it.
--             state: 'halting' or 'skipped', as the view's policy and skipped_event say.
-- Raises      BT020 it is to halt, and somebody said meanwhile that nothing is to stop for the
--             event: to be tried again, and then it is skipped.
-- Locks       skipped_event: resolve_dead_events() waits, and then finds what is noted here; or it
--             is waited for, and what it wrote is found here. So call it first in a transaction.
-- Tables      skipped_event: read. dead_event: insert, update. statistic_end:
--             insert.
-- Access: orchestrate
create or replace function record_dead_event(
    view text, version integer, "position" bigint, event_id bigint, event_type text, error text,
    state text)
returns void
language plpgsql
volatile
security definer
set search_path from current
as $$
#variable_conflict use_column
begin
    lock table skipped_event in share mode;
    if record_dead_event.state = 'halting'
       and exists (select from skipped_event k
                    where k.position = record_dead_event.position
                      and (k.view is null or k.view = record_dead_event.view))
    then
        raise exception 'event % was skipped meanwhile', record_dead_event.event_id
            using errcode = 'BT020';
    end if;
    insert into statistic_end (subject, name, version)
    select 'view', record_dead_event.view, record_dead_event.version
     where not exists (select from dead_event d
                        where d.view = record_dead_event.view
                          and d.version = record_dead_event.version
                          and d.position = record_dead_event.position);
    insert into dead_event (view, version, position, event_id, event_type, error, state)
    values (record_dead_event.view, record_dead_event.version, record_dead_event.position,
            record_dead_event.event_id, record_dead_event.event_type, record_dead_event.error,
            record_dead_event.state)
    on conflict (view, version, position) do update
       set error = excluded.error, state = excluded.state, failed_at = clock_timestamp(),
           resolved_at = null, resolved_by = null;
end;
$$;
