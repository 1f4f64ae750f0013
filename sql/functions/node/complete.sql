-- complete: this task is done; complete_many() for one.
--
-- Arguments   session: of register_node(). token: of claim(). result: what came of it.
-- Returns     true; false where this same claim has completed it before: a COMMIT in doubt was one.
-- Raises      BT039 the task is this claim's no more: what the transaction did for it must not be.
--             BT038, BT032 the node has ended, as require_node() says.
-- Locks       the claim, until the transaction ends: call it last.
-- Tables      as complete_many().
-- Access: node
create or replace function complete(session text, token text, result jsonb default '{}')
returns boolean
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
    outcome text;
begin
    select c.outcome into strict outcome
      from complete_many(complete.session, array[complete.token], array[complete.result]) as c;
    if outcome = 'lost' then
        perform refuse_token(complete.token);
    end if;
    return outcome = 'done';
end;
$$;
