-- token_owner: which machine was given the token that `proof` shows; null if none was. Internal:
-- check_machine().
--
-- is_next says that it is the one which a rotation gave out. Whose it may be is tried one by one:
-- first `expected`, the machine that it should be; of the others, for who reads of a refusal, the
-- hundred that were here last.
--
-- Tables    machine: read.
create or replace function token_owner(proof text, asked text, expected text)
returns table (machine_id text, is_next boolean)
language sql
stable
set search_path from current
as $$
    select m.machine_id, h.is_next
      from (select * from machine
             order by machine.machine_id = expected desc, last_seen_at desc nulls last
             limit 101) as m
     cross join lateral (values (m.token_hash, false),
                                (m.next_token_hash, true)) as h (hash, is_next)
     where proves(token_owner.proof, h.hash, asked)
     limit 1;
$$;
