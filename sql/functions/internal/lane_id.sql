-- lane_id: which lane of a handler has a name. Internal: enter_lanes(), lock_turn(),
-- refuse_full_lane(), set_weight().
--
-- The same for ever, also in a restored dump, and without a table that everybody who makes a task
-- would have to wait for. Of two lanes that come to the same number (one chance in 2^64) the tasks
-- would wait for each other.
--
-- Arguments   handler, lane: names.
create or replace function lane_id(handler text, lane text)
returns bigint
language sql
immutable
set search_path from current
as $$
    select ('x' || pg_catalog.left(encode(pg_catalog.sha256(pg_catalog.convert_to(
                octet_length(lane_id.handler)::text || ':' || lane_id.handler || lane_id.lane,
                'UTF8'::name)), 'hex'::text), 16))::bit(64)::bigint;
$$;
