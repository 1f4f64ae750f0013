-- snooze: the handler cannot do this task now. It comes back after a pause, as if it had never been
-- handed out: neither an attempt nor a delivery is counted, however often.
--
-- Arguments   session: of register_node(). token: of claim(). pause: from now, 0 to 10 years.
-- Returns     true; false where the task is this claim's no more: it was put off before with the
--             same token, or is with others. Then nothing was changed.
-- Raises      BT042 a pause that is none. BT038, BT032 the node has ended, as require_node() says.
--             BT006 the transaction's snapshot is fixed.
-- Locks       the claim, until the transaction ends.
-- Tables      task_due: insert. task_claim: see give_up(). Its lane: see leave_lanes().
-- Access: node
create or replace function snooze(session text, token text, pause interval)
returns boolean
language plpgsql
volatile
security definer
set search_path from current
as $$
#variable_conflict use_column
declare
    me      node := require_node(snooze.session);
    put_off bigint;
begin
    if snooze.pause between interval '0' and interval '10 years' is not true then
        raise exception 'a task cannot be put off by %; give 0 to 10 years',
            coalesce(snooze.pause::text, 'null')
            using errcode = 'BT042';
    end if;
    perform require_read_committed('snooze');
    insert into task_due (due_at, task, attempts, deliveries)
    select clock_timestamp() + snooze.pause, h.task, h.attempts, h.deliveries
      from give_up(me.id, array[snooze.token]) as h
    returning task into put_off;
    if put_off is null then
        return false;
    end if;
    perform leave_lanes(array[put_off], true);
    return true;
end;
$$;
