-- schedules: which schedules there are, by name, when they come, and why one does not.
--
-- Arguments   name: only this one; null: all. after: only those whose name comes after it.
--             limit_count: so many at most.
-- Returns     one row for each.
--   state      active; paused; ended: no slot comes any more; failing: see reason; overdue: its
--              slot is due for over a minute.
--   next_slot, last_slot  see preview_schedule(). due_at: when the next one is made.
--   last_task_state  of the newest task: open, or ended; null where there was none.
--   reason     why nothing comes of it, and what to do.
--   zone_data  the version of the zone data that it was planned with, where that is known.
-- Tables      schedule: read.
-- Access: observe, orchestrate
create or replace function schedules(
    name text default null, after text default null, limit_count integer default 100)
returns table (
    name text, spec text, zone text, handler text, event_type text, state text, next_slot text,
    due_at timestamptz, last_slot text, last_task bigint, last_task_state text, reason text,
    overlap text, missed text, missed_limit integer, missed_window interval, jitter interval,
    starts_at timestamptz, ends_at timestamptz, payload jsonb, key text, tenant text,
    priority integer, labels text[], made_by name, made_at timestamptz, zone_data text)
language sql
stable
security definer
set search_path from current
set jit = off
as $$
    select s.name, s.spec, s.zone, s.handler, s.event_type, d.state, slot_text(s.next, s.zone),
           s.due_at, slot_text(s.last, s.zone), s.last_task,
           case when s.last_task is null then null when task_is_open(s.last_task) then 'open'
                else 'ended' end,
           case d.state
               when 'paused' then pg_catalog.format(
                   'paused by %s at %s%s; resume_schedule() lets it go on', s.paused_by,
                   pg_catalog.date_trunc('second', s.paused_at), ': ' || s.pause_reason)
               when 'ended' then 'no slot comes any more'
               when 'failing' then pg_catalog.format(
                   '%s (tried at %s, and again ten seconds later)', s.trouble,
                   pg_catalog.date_trunc('second', s.tried_at))
               when 'overdue' then coalesce(unadopted(), unmaintained() || '; start a node',
                                            'maintain() has not come to it yet') end,
           s.overlap, s.missed, s.missed_limit, s.missed_window, s.jitter, s.starts_at, s.ends_at,
           s.payload::jsonb, s.key::text, s.tenant::text, s.priority, s.labels, s.made_by,
           s.made_at, s.zone_data
      from (select n.* from schedule n
             where n.name >= coalesce(schedules.name, schedules.after, '')
             order by n.name
             limit case when schedules.name is null then schedules.limit_count + 1
                        else 1 end) as s
     cross join lateral (
        select case when s.paused_at is not null then 'paused' when s.next is null then 'ended'
                    when s.trouble is not null then 'failing'
                    when s.due_at < clock_timestamp() - interval '1 minute' then 'overdue'
                    else 'active' end) as d (state)
     where (schedules.name is null or s.name = schedules.name)
       and (schedules.after is null or s.name > schedules.after)
     order by s.name
     limit schedules.limit_count;
$$;
