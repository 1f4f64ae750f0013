-- is_led: whether somebody leads: the lease is not over, or its session is still there. Internal.
--
-- Arguments   l: the leader's row.
create or replace function is_led(l leader)
returns boolean
language sql
stable
set search_path from current
as $$
    select l.lease_until >= clock_timestamp() or exists (select from leader_session(l));
$$;
