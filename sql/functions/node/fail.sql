-- fail: the handler failed with this task.
--
-- It is tried again after a pause, which doubles with each attempt up to the handler's longest, and
-- of which up to a quarter is left to chance, so that what failed together does not come back
-- together. After the handler's last attempt it is dead.
--
-- Arguments   session: of register_node(). token: of claim(). error: what went wrong; what is over
--             16 KiB is cut. retry_after: this pause instead. dead: no more attempts.
-- Returns     'retry' or 'dead'; what was said the first time, where it is said twice.
-- Raises      BT039 the task is this claim's no more. BT038, BT032 the node has ended, as
--             require_node() says. BT006 the transaction's snapshot is fixed.
-- Locks       the claim, until the transaction ends.
-- Tables      task_claim: see give_up(). task_failure, task_due, task_end: see note_failure().
-- Access: node
create or replace function fail(
    session     text,
    token       text,
    error       text,
    retry_after interval default null,
    dead        boolean  default false
)
returns text
language plpgsql
volatile
security definer
set search_path from current
as $$
#variable_conflict use_column
declare
    me    node := require_node(fail.session);
    held  record;
    ended text;
begin
    perform require_read_committed('fail');
    select h.* into held from give_up(me.id, array[fail.token]) as h;
    if held.task is null then
        ended := ended_by(fail.token, me.id);
        if ended in ('dead', 'failed') is not true then
            perform refuse_token(fail.token);
        end if;
        return case ended when 'dead' then 'dead' else 'retry' end;
    end if;
    return note_failure(held.task, held.claim, me.id, held.claimed_at, held.attempts,
                        held.deliveries + 1, 'failed', fail.error, fail.retry_after, fail.dead);
end;
$$;
