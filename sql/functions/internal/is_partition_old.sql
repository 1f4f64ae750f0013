-- is_partition_old: whether retention wants the log's oldest partition gone, which ends at a
-- position. Internal: drop_event_partition().
--
-- Arguments   ends: see partition_end(); null: that cannot be told yet, so it is not.
-- Tables      log_retention, batch, event_partition: read.
create or replace function is_partition_old(ends bigint)
returns boolean
language sql
stable
set search_path from current
as $$
    select is_partition_old.ends is not null
           and (coalesce((select b.recorded_at
                            from batch b
                           where b.first_position <= is_partition_old.ends
                           order by b.first_position desc
                           limit 1), '-infinity') <= clock_timestamp() - r.age
                or (select sum(pg_catalog.pg_total_relation_size(p.partition))
                      from event_partition p) > r.bytes)
           is true
      from log_retention r
     where r.only_row;
$$;
