-- schedule_runs: what came of a schedule's slots, the newest first, as far as it is known.
--
-- Arguments   name: of the schedule. limit_count: so many at most.
-- Returns     one row for each; none where there is no such schedule.
--   source     due: at its time; hand: run_schedule(); backfill: backfill_schedule().
--   outcome    made; skipped: the former task had not ended; missed: that one, and what came after
--              it until the next row, was too late.
--   task_state  see task_state().
-- Tables      schedule, schedule_run: read.
-- Access: observe, orchestrate
create or replace function schedule_runs(name text, limit_count integer default 20)
returns table (
    slot text, instant timestamptz, source text, outcome text, made_at timestamptz, task bigint,
    task_state text, event_id bigint, reason text)
language sql
stable
security definer
set search_path from current
set jit = off
set enable_seqscan = off
as $$
    select slot_text(row(r.wall, r.instant)::schedule_slot, s.zone), r.instant, r.source, r.outcome,
           r.made_at, r.task, t.state, r.event_id, r.reason
      from schedule s
      join lateral (select o.* from schedule_run o where o.schedule = s.id
                     order by o.instant desc, o.wall desc
                     limit schedule_runs.limit_count) as r on true
      left join lateral task_state(r.task) as t on true
     where s.name = schedule_runs.name
     order by r.instant desc, r.wall desc;
$$;
