-- histogram_sum: two histograms as one. Internal: add_statistics().
--
-- Arguments   one, other: counts by duration_step().
-- Returns     likewise.
create or replace function histogram_sum(one bigint[], other bigint[])
returns bigint[]
language sql
immutable
set search_path from current
as $$
    select case
        when histogram_sum.one = '{}' then histogram_sum.other
        when histogram_sum.other = '{}' then histogram_sum.one
        else array(select coalesce(a.count, 0) + coalesce(b.count, 0)
                     from pg_catalog.unnest(histogram_sum.one) with ordinality
                          as a (count, ordinal)
                     full join pg_catalog.unnest(histogram_sum.other) with ordinality
                          as b (count, ordinal) on a.ordinal = b.ordinal
                    order by coalesce(a.ordinal, b.ordinal)) end;
$$;
