-- wait_until_reduced: what wait_for() and wait_for_position() have in common. Internal.
--
-- The pauses between looks grow with the time waited, so a waiter sees its event at most a quarter
-- later than it could have, and a thousand waiters do not poll the server to death. The session
-- holds a snapshot while it waits.
--
-- Arguments   event_id or position: what to wait for; the other is null.
--             timeout: how long to wait, at most a minute.
-- Raises      BT005, BT006 as wait_for() does, and what is_reduced() raises.
create or replace function wait_until_reduced(
    event_id bigint, "position" bigint, timeout interval)
returns void
language plpgsql
volatile
set search_path from current
as $$
declare
    started timestamptz := clock_timestamp();
    waited  double precision := 0;
    longest double precision := extract(epoch from least(timeout, interval '1 minute'));
begin
    if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then
        raise exception 'waiting cannot see new rows in a % transaction: call it outside of one',
            upper(current_setting('transaction_isolation'))
            using errcode = 'BT006';
    end if;

    loop
        if wait_until_reduced.position is null then
            exit when is_reduced(wait_until_reduced.event_id);
        else
            exit when is_position_reduced(wait_until_reduced.position);
        end if;
        waited := extract(epoch from clock_timestamp() - started);
        if waited >= longest then
            raise exception '% is not in every view after % s; status() tells what holds it up',
                coalesce('event ' || wait_until_reduced.event_id::text,
                         'position ' || wait_until_reduced.position::text),
                round(longest::numeric, 3)
                using errcode = 'BT005';
        end if;
        perform pg_sleep(least(greatest(waited / 4, 0.001), 0.25, longest - waited));
    end loop;
end;
$$;
