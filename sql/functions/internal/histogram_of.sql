-- histogram_of: how often there is each step. Internal: count_events(), count_tasks(),
-- merged_statistics().
--
-- Arguments   steps: of duration_step(); nulls count for nothing. counts: how often, one for each
--             step; null: once.
-- Returns     counts by step, the first of step 0, up to the highest that there is.
create or replace function histogram_of(steps integer[], counts bigint[] default null)
returns bigint[]
language plpgsql
immutable
set search_path from current
as $$
declare
    histogram bigint[] := '{}';
    step      integer;
    highest   integer := -1;
    place     integer := 0;
begin
    foreach step in array coalesce(histogram_of.steps, '{}') loop
        place := place + 1;
        continue when step is null;
        while highest < step loop
            highest := highest + 1;
            histogram[highest + 1] := 0;
        end loop;
        histogram[step + 1] := histogram[step + 1] + coalesce(counts[place], 1);
    end loop;
    return histogram;
end;
$$;
