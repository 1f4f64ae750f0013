-- leader_lock_key: the key of the advisory lock that the leader of this environment holds.
-- Internal.
create or replace function leader_lock_key()
returns bigint
language sql
stable
set search_path from current
as $$
    select pg_catalog.hashtextextended('baton leader of ' || current_schema(), 0);
$$;
