-- discard_tasks: whatever waits, follows or is held ends as cancelled, what is open of task sets is
-- abandoned, and no event that was dispatched so far becomes a task. Internal: adopt_environment().
--
-- The caller has locked the tables, so that nothing is on its way.
--
-- Arguments   reason: for people to read.
-- Returns     how many there were.
-- Tables      task_ready, task_due, task_in_lane, lane_note, fair_lane, task_set_touch: delete.
--             task_end, statistic_end: insert. task_claim, event: read. task_set: read, see
--             abandon_task_set(). environment_home, workflow_run, workflow_run_step: update.
--             workflow_note: delete.
-- Cost        of what waits.
create or replace function discard_tasks(reason text)
returns bigint
language plpgsql
volatile
set search_path from current
set jit = off
as $$
#variable_conflict use_column
declare
    discarded bigint;
begin
    delete from task_set_touch;
    perform abandon_task_set(s.id, discard_tasks.reason) from task_set s where s.state = 'open';
    -- They had a node which is not here: no attempt counts.
    perform hand_back(c.id, false) from task_claim c order by c.id;
    delete from lane_note;
    delete from fair_lane;
    with in_lanes as (
        delete from task_in_lane returning task, attempts, is_head
    ), waiting as (
        delete from task_ready returning task, attempts
    ), due as (
        delete from task_due returning task, attempts
    ), ended as (
        insert into task_end (task, outcome, attempts, reason)
        select w.task, 'cancelled', w.attempts, discard_tasks.reason
          from (select task, attempts from waiting union all select task, attempts from due
                 union all
                -- A head is at one of these places, or is dead.
                select task, attempts from in_lanes where not is_head) as w
        returning task
    ), noted as (
        insert into statistic_end (task) select e.task from ended e
    )
    select count(*) into discarded from ended;
    update workflow_run_step
       set state = 'cancelled', ended_at = clock_timestamp(), due_at = null, event = null,
           is_new = false
     where state in ('running', 'compensating');
    update workflow_run
       set state = 'cancelled', ended_at = clock_timestamp(), reason = discard_tasks.reason,
           paused_at = null
     where state in ('running', 'compensating');
    delete from workflow_note;
    update environment_home
       set no_tasks_to = greatest(
               event_id_value(), (select e.id from event e order by e.id desc limit 1))
     where only_row;
    return discarded;
end;
$$;
