-- partition_hold: who keeps the log's oldest partition, which ends at a position, from being
-- dropped. Internal: drop_event_partition().
--
-- Arguments   ends: see partition_end().
-- Returns     a line for people; null: nobody.
-- Tables      see log_holds() and base_due().
create or replace function partition_hold(ends bigint)
returns text
language sql
stable
set search_path from current
as $$
    select coalesce(
        (select pg_catalog.format('%s stands at position %s, and needs what comes behind it; the '
                                  'partition ends at %s', h.holder, h.position, partition_hold.ends)
           from log_holds() as h
          where h.position < partition_hold.ends
          order by h.position, h.holder
          limit 1),
        (select pg_catalog.format('%s@%s has no base yet at or behind position %s: an orchestrator '
                                  'makes it, a minute after the log is there', d.view, d.version,
                                  partition_hold.ends)
           from base_due(partition_hold.ends) as d));
$$;
