-- duration_step: in which step of a histogram a time belongs. Internal: count_events(),
-- count_tasks().
--
-- Step 0 is up to 0.1 ms. Each further step ends at 2^(1/4) times as much as the one before, up to
-- step 140, which ends at 39 days and has all that is longer: so a time is known to 8.7%, whatever
-- it is. See step_seconds().
--
-- Arguments   span: a time; less than nothing (clocks are set back) counts as nothing.
-- Returns     0 to 140.
create or replace function duration_step(span interval)
returns integer
language sql
immutable
begin atomic
    select case when duration_step.span > interval '0.0001 s'
           then least(140, ceil(4 * ln(pg_catalog.date_part('epoch', duration_step.span) / 0.0001)
                                / ln(2::double precision)))::integer
           else 0 end;
end;
