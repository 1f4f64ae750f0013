-- rate_room: how many tasks of a handler may be taken now, by its rate. Internal:
-- ring_for_waiting(), running_room(), why_limited().
--
-- What was taken is counted in parts of a fiftieth of the time, and one that is only half over
-- counts whole. So in no stretch of that time more are taken than may be; and two in a hundred less
-- may be.
--
-- Arguments   known: the handler's row, which running_room() has locked.
-- Returns     null: as many as you like.
-- Tables      handler_rate: read.
create or replace function rate_room(known handler)
returns integer
language sql
volatile
set search_path from current
set jit = off
set enable_seqscan = off
as $$
    select greatest((rate_room.known).rate_max - coalesce((
               select sum(r.tasks)
                 from handler_rate r
                where r.handler = (rate_room.known).name
                  -- A clock that was set back leaves some in the future, for which nobody waits.
                  and r.began_at <= clock_timestamp()
                  and r.began_at > clock_timestamp() - (rate_room.known).rate_per * 1.02), 0),
               0)::integer
     where (rate_room.known).rate_max is not null;
$$;
