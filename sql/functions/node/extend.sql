-- extend: this task takes longer than its handler may run: see set_run_at_most(). The node may have
-- it until the time that is returned; nothing else changes, and a node that goes away loses it as
-- ever.
--
-- It is said for one claim: another attempt begins with what the handler says.
--
-- Arguments   session: of register_node(). token: of claim(). by: from now on, 1 second to 30 days.
-- Returns     until when the node may have it: as long as it may by now, where that is longer.
--             Null: as long as the node lives, for the handler says nothing.
-- Raises      BT042 that is no time. BT039 the task is this claim's no more: it may have been too
--             late. BT038, BT032 the node has ended, as require_node() says.
-- Locks       the claim, until the transaction ends: call it in one of its own.
-- Tables      task_extension: insert, update. task, requirement, handler, task_end: read.
--             task_claim: see held_tasks().
-- Access: node
create or replace function extend(session text, token text, by interval)
returns timestamptz
language plpgsql
volatile
security definer
set search_path from current
set jit = off
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    me      node := require_node(extend.session);
    held    record;
    usually interval;
    until   timestamptz;
begin
    if extend.by between interval '1 second' and interval '30 days' is not true then
        raise exception 'a task cannot be given % longer; give 1 second to 30 days',
            coalesce(extend.by::text, 'null')
            using errcode = 'BT042';
    end if;
    select h.task, h.claim, h.claimed_at into held
      from held_tasks(me.id, array[extend.token]) as h
     where not exists (select from task_end e where e.task = h.task);
    if held.task is null then
        perform refuse_token(extend.token);
    end if;
    select h.run_at_most into usually
      from task t
      join requirement r on r.id = t.requirement
      join handler h on h.name = r.handler
     where t.id = held.task;
    if usually is null then
        return null;
    end if;
    insert into task_extension as x (task, claim, ends_at)
    values (held.task, held.claim, clock_timestamp() + extend.by)
    on conflict (task, claim) do update set ends_at = greatest(x.ends_at, excluded.ends_at)
    returning ends_at into until;
    return greatest(until, held.claimed_at + usually);
end;
$$;
