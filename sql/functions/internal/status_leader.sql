-- status_leader: who leads, for status(). Internal.
--
-- Returns     a JSON object {node, epoch, since, backend_pid, lease_seconds, reducers}.
--             lease_seconds is below 0 where the session is there and has not extended the lease.
create or replace function status_leader(l leader)
returns jsonb
language sql
stable
set search_path from current
as $$
    select pg_catalog.jsonb_build_object(
               'node', l.node,
               'epoch', l.epoch,
               'since', l.since,
               'backend_pid', l.backend_pid,
               'lease_seconds',
               round(extract(epoch from l.lease_until - clock_timestamp())::numeric, 3),
               'reducers', pg_catalog.to_jsonb(array(
                   select pg_catalog.format('%s@%s', r.name, r.version)
                     from pg_catalog.unnest(l.reducers) as r)));
$$;
