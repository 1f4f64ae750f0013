-- progress: how far the handler has come with a task, for people to see: `baton tasks show`.
--
-- It is noted at most once a second, so call it as often as you like; and it is nothing that
-- outlives the claim, or a crash of the server.
--
-- Arguments   session: of register_node(). token: of claim(). progress: any JSON, held to the limit
--             of an event's meta.
-- Returns     whether it was noted; false: it was noted less than a second ago.
-- Raises      BT039 the task is this claim's no more: stop. BT038, BT032 the node has ended, as
--             require_node() says. BT002 it is too large.
-- Locks       the claim, until the transaction ends: call it in one of its own.
-- Tables      task_progress: insert, update. task_end: read. task_claim: see held_tasks().
-- Access: node
create or replace function progress(session text, token text, progress jsonb)
returns boolean
language plpgsql
volatile
security definer
set search_path from current
set jit = off
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    me   node := require_node(progress.session);
    held record;
begin
    select h.task, h.claim into held
      from held_tasks(me.id, array[progress.token]) as h
     where not exists (select from task_end e where e.task = h.task);
    if held.task is null then
        perform refuse_token(progress.token);
    end if;
    insert into task_progress as p (task, claim, progress)
    values (held.task, held.claim, coalesce(progress.progress, 'null'))
    on conflict (task) do update
       set claim = excluded.claim, noted_at = excluded.noted_at, progress = excluded.progress
     where p.claim <> excluded.claim or p.noted_at <= excluded.noted_at - interval '1 second';
    return found;
end;
$$;
