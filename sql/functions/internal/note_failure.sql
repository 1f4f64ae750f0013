-- note_failure: write an attempt down that failed, and put the task where it belongs now. Internal:
-- fail(), call_back(), hand_back() for what went down with a node, end_long_runs() for what it had
-- too long, expire_callbacks(). The caller has locked the claim, or the callback.
--
-- Arguments   task, claim, node, claimed_at: what failed where. attempts: before this one.
--             deliveries: with this one. outcome: failed or lost. error, retry_after, dead: see
--             fail().
-- Returns     'retry' or 'dead'.
-- Tables      task_failure, task_due, task_end: insert. task, requirement, handler: read. Its lane:
--             see leave_lanes().
create or replace function note_failure(
    task        bigint,
    claim       bigint,
    node        bigint,
    claimed_at  timestamptz,
    attempts    integer,
    deliveries  integer,
    outcome     text,
    error       text,
    retry_after interval,
    dead        boolean
)
returns text
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    policy  record;
    is_last boolean;
    pause   interval := note_failure.retry_after;
begin
    select h.*, t.lane is not null as in_lane into strict policy
      from task t
      join requirement r on r.id = t.requirement
      join handler h on h.name = r.handler
     where t.id = note_failure.task;
    is_last := coalesce(note_failure.dead, false)
        or note_failure.attempts + 1 >= policy.max_attempts
        or note_failure.deliveries >= policy.max_deliveries;
    insert into task_failure (task, claim, node, attempt, outcome, error, is_last)
    values (note_failure.task, note_failure.claim, note_failure.node, note_failure.attempts + 1,
            note_failure.outcome,
            pg_catalog.left(coalesce(note_failure.error, 'no reason was given'), 16384), is_last);

    if is_last then
        insert into task_end (task, claim, node, outcome, attempts, claimed_at)
        values (note_failure.task, note_failure.claim, note_failure.node, 'dead',
                note_failure.attempts + 1, note_failure.claimed_at);
        perform note_step(note_failure.task);
        if policy.in_lane then
            -- set_lanes() waits for this, or this for that.
            select h.lane_when_dead into strict policy.lane_when_dead
              from handler h where h.name = policy.name for key share;
            perform leave_lanes(array[note_failure.task], policy.lane_when_dead = 'hold');
        end if;
        return 'dead';
    end if;

    if pause is null then
        pause := least(
            policy.retry_longest,
            policy.retry_after * pg_catalog.power(2, least(note_failure.attempts, 30)));
        pause := pause * (1 - pg_catalog.random() / 4);
    end if;
    insert into task_due (due_at, task, attempts, deliveries)
    values (clock_timestamp() + greatest(pause, interval '0'), note_failure.task,
            note_failure.attempts + 1, note_failure.deliveries);
    if policy.in_lane then
        perform leave_lanes(array[note_failure.task], true);
    end if;
    return 'retry';
end;
$$;
