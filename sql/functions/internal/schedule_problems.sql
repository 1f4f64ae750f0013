-- schedule_problems: the schedules of which something is due that is not made, for status().
-- Internal.
--
-- Returns     lines for people: one for what is overdue, and the first 20 of those that fail.
-- Tables      schedule: read.
create or replace function schedule_problems()
returns text[]
language plpgsql
stable
set search_path from current
set jit = off
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    late constant timestamptz := clock_timestamp() - interval '1 minute';
begin
    return array(
        select pg_catalog.format('%s%s schedules are due and were not made, %s for %s: %s', o.count,
                                 case when o.count = 10000 then ' or more' else '' end,
                                 pg_catalog.quote_literal(o.name),
                                 pg_catalog.date_trunc('second', clock_timestamp() - o.due_at),
                                 coalesce(unadopted(), unmaintained() || '; start a node',
                                          'maintain() has not come to them yet'))
          from (select count(*) over () as count, s.name, s.due_at
                  from (select d.name, d.due_at from schedule d
                         where d.due_at < late order by d.due_at limit 10000) as s
                 order by s.due_at limit 1) as o)
        || array(
        select pg_catalog.format('schedule %s has made nothing since %s: %s', s.name,
                                 pg_catalog.date_trunc('second', (s.next).instant), s.trouble)
          from schedule s
         where s.trouble is not null
         order by s.tried_at
         limit 20);
end;
$$;
