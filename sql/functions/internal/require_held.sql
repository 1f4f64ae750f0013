-- require_held: raise that a claim does not hold its task any more, if so; it is not locked, so
-- that a handler which reads for long holds up nobody. Internal: member_of(), read_set_log(),
-- read_set_view().
--
-- Arguments   session: of register_node(). token: of claim().
-- Raises      BT039 see refuse_token(). BT038, BT032 see require_node().
-- Tables      task_claim: read.
create or replace function require_held(session text, token text)
returns void
language plpgsql
volatile
set search_path from current
set jit = off
set enable_seqscan = off
as $$
declare
    me node := require_node(require_held.session);
begin
    if not exists (select from token_parts(array[require_held.token]) as p
                     join task_claim c on c.id = p.claim
                    where c.node = me.id and p.task = any (c.tasks)
                      and p.task <> all (c.returned)) then
        perform refuse_token(require_held.token);
    end if;
end;
$$;
