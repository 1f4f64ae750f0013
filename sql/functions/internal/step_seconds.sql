-- step_seconds: the time that stands for all times of a step of a histogram. Internal:
-- percentile().
--
-- For a step from a to b it is 2ab / (a + b), which is off by (b - a) / (b + a) of the true time at
-- most: with b = 2^(1/4) a, 8.7%. (This is the DDSketch of Masson, Rim and Lee, "DDSketch: a fast
-- and fully-mergeable quantile sketch with relative-error guarantees", VLDB 2019.)
--
-- Arguments   step: of duration_step().
-- Returns     seconds.
create or replace function step_seconds(step integer)
returns double precision
language sql
immutable
begin atomic
    select case when step_seconds.step = 0 then 0.0001::double precision
           else 0.0001 * pg_catalog.power(2::double precision, step_seconds.step / 4.0) * 2
                / (1 + pg_catalog.power(2::double precision, 0.25)) end;
end;
