-- check_partitions: whether there is room for the next events, and whether some are where retention
-- cannot reach them. Part of doctor().
--
-- Returns   two rows of doctor(): partitions and event_default.
-- Tables    event_partition, event_default: read.
create or replace function check_partitions()
returns table (check_name text, state text, found text, fix text)
language sql
volatile
set search_path from current
as $$
    select 'partitions', case when room.ids_left > 0 then 'ok' else 'warning' end,
        pg_catalog.format('room for %s events before the next partition',
                          greatest(room.ids_left, 0)),
        case when room.ids_left <= 0 then 'start an orchestrator: it adds partitions' end
      from (select coalesce(max(p.upper_id), 1) - event_id_value()
              from event_partition p) as room (ids_left)
     union all
    select 'event_default', case when d.count = 0 then 'ok' else 'warning' end,
        pg_catalog.format('%s events in the default partition%s', d.count,
               case when d.count = 100000 then ' or more' else '' end),
        case when d.count > 0
             then 'nothing is lost, but retention cannot drop them: keep an orchestrator '
                  'running' end
      from (select count(*) from (select from event_default limit 100000) as d) as d (count);
$$;
