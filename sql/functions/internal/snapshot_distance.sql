-- snapshot_distance: how many events lie between two snapshots of a view. Internal.
--
-- The longer the log, the further apart: twice as far whenever there would be more than `most`. So
-- what they take is bounded, and so is the share of the log that is folded to get from one to the
-- next. One is kept for each stretch of this length; where it doubles, every second goes.
create or replace function snapshot_distance(head bigint, every bigint, most integer)
returns bigint
language sql
immutable
set search_path from current
as $$
    select every * pg_catalog.power(2, greatest(0, pg_catalog.ceil(
        pg_catalog.log(2::numeric, greatest(head, 1)::numeric / (every * most)))))::bigint;
$$;
