-- sees_all_sessions: can the environment's owner see what other roles' sessions do? Internal, for
-- functions that run with the owner's rights.
--
-- Where it cannot, pg_stat_activity shows who connects, but neither state nor times. The fix is
-- `grant pg_read_all_stats to` the owner.
create or replace function sees_all_sessions()
returns boolean
language sql
stable
set search_path from current
as $$
    select pg_catalog.pg_has_role(current_user, 'pg_read_all_stats', 'usage');
$$;
