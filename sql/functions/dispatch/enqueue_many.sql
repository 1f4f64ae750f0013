-- enqueue_many: many tasks for one handler, in their order, in one statement.
--
-- Arguments   handler: as enqueue(). payloads: one for each task.
-- Returns     the ids, in the order of the payloads.
-- Raises      as enqueue().
-- Tables      task, task_ready: insert. handler: read.
-- Access: dispatch, node, orchestrate
create or replace function enqueue_many(handler text, payloads jsonb[])
returns bigint[]
language plpgsql
volatile
security definer
set search_path from current
as $$
#variable_conflict use_column
declare
    needs integer;
    ids   bigint[];
begin
    select h.requirement into needs from handler h where h.name = enqueue_many.handler;
    if needs is null then
        perform refuse_handler(enqueue_many.handler);
    end if;
    with added as (
        insert into task (requirement, payload)
        select needs, p.payload
          from pg_catalog.unnest(enqueue_many.payloads) with ordinality as p (payload, ordinal)
         order by p.ordinal
        returning id
    ), readied as (
        insert into task_ready (requirement, rank, place, task)
        select needs, ready_rank(0, false), a.id, a.id from added a
        returning task
    )
    select coalesce(pg_catalog.array_agg(r.task order by r.task), '{}') into ids from readied r;
    if pg_catalog.pg_sequence_last_value('task_doorbell') is not null then
        perform ring_nodes(needs, cardinality(ids));
    end if;
    return ids;
end;
$$;
