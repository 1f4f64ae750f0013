-- fire_slot: make what a slot of a schedule is for: a task or an event. Internal:
-- backfill_schedule(), fire_schedule(), run_schedule().
--
-- Arguments   known: the schedule, which is locked, with the task that counts as the former one.
--             slot: which. source: of schedule_run. overlap:
--             what if the former task has not ended; as of the schedule, or otherwise.
-- Returns     the task or event; null where none was made: there was one of this slot before, or
--             the former one has not ended.
-- Raises      see enqueue(), dispatch(), cancel().
-- Tables      schedule_run: read, insert, update. task, event: see enqueue(), dispatch().
create or replace function fire_slot(
    known schedule, slot schedule_slot, source text, overlap text)
returns bigint
language plpgsql
volatile
set search_path from current
set jit = off
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    run  schedule_run;
    meta constant jsonb := pg_catalog.jsonb_build_object(
        'schedule', known.name, 'slot', slot_text(slot, known.zone), 'zone', known.zone,
        'source', fire_slot.source);
    running constant bigint := case when fire_slot.overlap in ('skip', 'cancel')
                                         and task_is_open(known.last_task)
                                    then known.last_task end;
begin
    if exists (select from schedule_run r
                where r.schedule = known.id and r.instant = slot.instant and r.wall = slot.wall
                  and r.outcome = 'made') then
        return null;
    end if;
    run.outcome := 'made';
    if running is not null and fire_slot.overlap = 'skip' then
        run.outcome := 'skipped';
        run.reason := pg_catalog.format('task %s had not ended', running);
    elsif known.handler is null then
        run.event_id := dispatch(known.event_type, known.payload::jsonb, known.key::text,
                                 known.tenant::text, meta, null::uuid, 1);
    else
        if running is not null then
            perform cancel(running, pg_catalog.format('schedule %s has its next slot', known.name));
            run.reason := pg_catalog.format('task %s was cancelled', running);
        end if;
        run.task := enqueue(known.handler, known.payload::jsonb, null::timestamptz, known.priority,
                            known.labels, known.tenant::text, meta, 1, null::text, 'skip',
                            case fire_slot.overlap when 'queue'
                                                   then 'schedule/' || known.name end,
                            null::interval);
    end if;
    insert into schedule_run (schedule, instant, wall, source, outcome, task, event_id, reason)
    values (known.id, slot.instant, slot.wall, fire_slot.source, run.outcome, run.task,
            run.event_id, run.reason)
    on conflict on constraint schedule_run_unique do update
       set source = excluded.source, outcome = excluded.outcome, task = excluded.task,
           event_id = excluded.event_id, reason = excluded.reason, made_at = excluded.made_at;
    return coalesce(run.task, run.event_id);
end;
$$;
