-- plan_next: a schedule with the slot that is its first after a time. Internal: resume_schedule(),
-- schedule().
--
-- Returns     it, with next, and due_at where it is not paused.
create or replace function plan_next(known schedule, after timestamptz)
returns schedule
language plpgsql
stable
set search_path from current
as $$
begin
    known.next := slot_after(known.plan, known.zone, greatest(
        plan_next.after, known.starts_at - interval '1 microsecond'));
    if ((known.next).instant <= coalesce(known.ends_at, 'infinity')) is not true then
        known.next := null;
    end if;
    known.due_at := case when known.paused_at is null then slot_due(known, known.next) end;
    return known;
end;
$$;
