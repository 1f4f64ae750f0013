-- send_outputs: let go what the members of a task set made: events, then tasks, in the order of the
-- members' names. Internal: publish_task_set().
--
-- Arguments   task_set: which; it is published in this transaction.
-- Raises      what dispatch() and enqueue() raise.
-- Tables      task_set_output: read, delete. event: see dispatch(). task: see enqueue().
create or replace function send_outputs(task_set bigint)
returns void
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    made task_set_output;
begin
    for made in
        select o.* from task_set_output o
         where o.task_set = send_outputs.task_set
         order by o.handler is not null, o.member collate "C", o.ordinal
    loop
        if made.handler is null then
            perform dispatch(made.type, made.payload, made.key, made.tenant, made.meta, null,
                             made.schema_version);
        else
            perform enqueue(made.handler, made.payload, null, 0, '{}', made.tenant, made.meta,
                            made.schema_version, null, 'skip');
        end if;
    end loop;
    delete from task_set_output o where o.task_set = send_outputs.task_set;
end;
$$;
