-- write_schedule: a schedule as it is said to be, whether there was one of that name or not.
-- Internal: resume_schedule(), schedule().
--
-- Arguments   wanted: all of it; id: where it is new.
-- Tables      schedule: insert, update.
create or replace function write_schedule(wanted schedule)
returns void
language plpgsql
volatile
set search_path from current
as $$
begin
    insert into schedule select wanted.*
    on conflict on constraint schedule_name_unique do update
       set (spec, zone, plan, zone_data, handler, event_type, payload, key, tenant, priority,
            labels, overlap, missed, missed_limit, missed_window, jitter, starts_at, ends_at,
            made_by, made_at, paused_at, paused_by, pause_reason, next, due_at, trouble, tried_at)
         = (excluded.spec, excluded.zone, excluded.plan, excluded.zone_data, excluded.handler,
            excluded.event_type, excluded.payload, excluded.key, excluded.tenant, excluded.priority,
            excluded.labels, excluded.overlap, excluded.missed, excluded.missed_limit,
            excluded.missed_window, excluded.jitter, excluded.starts_at, excluded.ends_at,
            excluded.made_by, excluded.made_at, excluded.paused_at, excluded.paused_by,
            excluded.pause_reason, excluded.next, excluded.due_at, excluded.trouble,
            excluded.tried_at);
end;
$$;
