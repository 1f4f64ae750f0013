-- arm_doorbell: say whether dispatch() must notify from now on. Internal, for the leader.
--
-- Takes effect at once, also for transactions that are under way; those which looked before did not
-- see it, so whoever arms looks at the log again, and polls until they must have ended.
--
-- Access: orchestrate
create or replace function arm_doorbell(armed boolean)
returns void
language sql
volatile
security definer
set search_path from current
as $$
    select pg_catalog.setval('doorbell', 1, arm_doorbell.armed);
$$;
