-- statistic_name: under which names a bucket's row counts. Internal: statistics().
--
-- Arguments   one: the row. by: see statistics().
-- Returns     the name and version; of views one row for each live one that reads such events; no
--             row where it does not count.
-- Tables      view_state, event_type_reader: read.
create or replace function statistic_name(one statistic, by text)
returns table (name text, version integer)
language sql
stable
set search_path from current
as $$
    select statistic_name.one.name,
           case when statistic_name.by = 'handler' then statistic_name.one.version end
     where (statistic_name.by, statistic_name.one.subject)
           in (('handler', 'handler'), ('queue', 'handler'), ('event', 'event'))
     union all
    select statistic_name.one.tenant, null
     where statistic_name.by = 'tenant' and statistic_name.one.subject in ('handler', 'event')
     union all
    select distinct s.view, s.version
      from view_state s
      join event_type_reader r on r.view = s.view and r.version = s.version
     where statistic_name.by = 'view' and statistic_name.one.subject = 'event'
       and statistic_name.one.name like r.type
     union all
    select statistic_name.one.name, statistic_name.one.version
     where statistic_name.by = 'view' and statistic_name.one.subject = 'view';
$$;
