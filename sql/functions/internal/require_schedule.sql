-- require_schedule: a schedule's row, locked. Internal: backfill_schedule(), pause_schedule(),
-- remove_schedule(), resume_schedule(), run_schedule().
--
-- Arguments   name: which.
-- Raises      BT060 there is none, with the name that is most like it.
-- Locks       its row, until the transaction ends; it waits for a pass of maintain() that has it.
-- Tables      schedule: read, lock.
create or replace function require_schedule(name text)
returns schedule
language plpgsql
volatile
set search_path from current
as $$
declare
    shown   constant text := pg_catalog.left(require_schedule.name, 128);
    known   schedule;
    nearest text;
begin
    select s.* into known from schedule s where s.name = require_schedule.name for update;
    if found then
        return known;
    end if;
    select s.name into nearest
      from (select n.name from schedule n
             where pg_catalog.left(n.name, 1) = pg_catalog.left(shown, 1) limit 10000) as s
     cross join lateral (select edit_distance(s.name, shown, least(4, length(shown) / 3))
                        ) as d (distance)
     where d.distance is not null
     order by d.distance, s.name
     limit 1;
    raise exception 'there is no schedule %', concat(
        coalesce(pg_catalog.quote_literal(shown), 'null'),
        '; is it ' || pg_catalog.quote_literal(nearest) || '?')
        using errcode = 'BT060';
end;
$$;
