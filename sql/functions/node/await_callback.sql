-- await_callback: somebody outside has taken this task over, and says by call_back() what came of
-- it. Until then no node has it: it is not lost with this one, and counts for no limit of tasks
-- that are under way at once; its lane it keeps.
--
-- If nothing comes in time, the attempt has failed, and the task is tried again as after fail().
--
-- Arguments   session: of register_node(). token: of claim(). digest: sha256 of the callback's
--             token, which is the task's id, a point, and 64 hex digits that nobody can guess.
--             within: from now on, 1 second to 30 days.
-- Returns     true; false where the task is this claim's no more: then nothing was changed.
-- Raises      BT042 no such digest or time; the task is a member of a task set. BT038, BT032 the
--             node has ended, as require_node() says. BT006 the transaction's snapshot is fixed.
-- Locks       the claim, until the transaction ends.
-- Tables      task_callback, task_due: insert. task_set_member: read. task_claim: see give_up().
--             Its lane: see leave_lanes().
-- Access: node
create or replace function await_callback(
    session text, token text, digest bytea, within interval)
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
    me   node := require_node(await_callback.session);
    held record;
begin
    if await_callback.within between interval '1 second' and interval '30 days' is not true then
        raise exception 'a callback cannot take %; give 1 second to 30 days',
            coalesce(await_callback.within::text, 'null')
            using errcode = 'BT042';
    elsif octet_length(await_callback.digest) = 32 is not true then
        raise exception 'the digest of a callback''s token has 32 bytes: it is its sha256'
            using errcode = 'BT042';
    end if;
    perform require_read_committed('await_callback');
    if exists (select from token_parts(array[await_callback.token]) as p
                 join task_set_member m on m.task = p.task) then
        raise exception 'a member of a task set ends by complete_member(), and by no callback'
            using errcode = 'BT042';
    end if;
    select h.* into held from give_up(me.id, array[await_callback.token]) as h;
    if held.task is null then
        return false;
    end if;
    insert into task_callback (
        task, digest, claim, node, claimed_at, attempts, deliveries, until_at)
    values (held.task, await_callback.digest, held.claim, me.id, held.claimed_at, held.attempts,
            held.deliveries, clock_timestamp() + await_callback.within);
    insert into task_due (due_at, task, attempts, deliveries)
    values ('infinity', held.task, held.attempts + 1, held.deliveries + 1);
    perform leave_lanes(array[held.task], true);
    return true;
end;
$$;
