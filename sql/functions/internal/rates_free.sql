-- rates_free: wake nodes that sleep where tasks wait that the rate of their handler allows by now.
-- Internal: maintain().
--
-- Notifies    nodes that sleep.
-- Tables      handler, requirement, task_ready, fair_lane: read.
-- Cost        where no handler has a rate, or no node sleeps, of a look at the handlers.
create or replace function rates_free()
returns void
language sql
volatile
set search_path from current
set jit = off
set enable_seqscan = off
as $$
    select ring_nodes(r.id, least(rate_room(h), 16))
      from handler h
      join requirement r on r.handler = h.name
     where h.rate_max is not null and rate_room(h) > 0
       and pg_catalog.pg_sequence_last_value('task_doorbell') is not null
       and (exists (select from task_ready q where q.requirement = r.id)
            or exists (select from fair_lane f where f.handler = h.name));
$$;
