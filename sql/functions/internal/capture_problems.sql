-- capture_problems: which changes of tables do not become events though they should. Internal:
-- status().
--
-- Returns     one line for each, at most ten.
-- Cost        of the catalogue, for each capture.
create or replace function capture_problems()
returns text[]
language sql
stable
set search_path from current
as $$
    select array(select f.fault || ': ' || f.fix from capture_faults() as f
                  where f.is_loss order by f.capture limit 10);
$$;
