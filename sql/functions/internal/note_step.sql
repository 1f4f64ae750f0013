-- note_step: a task has ended without being done, or came back; if it is of a run's step,
-- maintain() says what becomes of that. Internal: cancel(), note_failure(), purge(), retry_task().
--
-- Not here, because whoever ends a task has its claim, and would wait for who has the run.
--
-- Arguments   task: which.
-- Tables      workflow_task: read. workflow_note: insert.
-- Cost        where no workflow was ever defined, of reading a sequence.
create or replace function note_step(task bigint)
returns void
language plpgsql
volatile
set search_path from current
set jit = off
set enable_seqscan = off
as $$
#variable_conflict use_column
begin
    if pg_catalog.pg_sequence_last_value('workflow_bell') is null then
        return;
    end if;
    insert into workflow_note (task)
    select w.task from workflow_task w where w.task = note_step.task;
end;
$$;
