-- retention: how long the log is kept, where it begins, and what retention waits for.
--
-- Returns   a JSON object: age (text), bytes, partition_rows: the rules, null where there is none;
--           begins_after, dropped_at: see log_retention; partitions, bytes_taken: of the log;
--           waits_for: who keeps the oldest partition from being dropped, though its time has come;
--           null: nobody. holds: [{kind, holder, position}] of all who do not have every event yet,
--           the first 20 of them, the furthest behind first.
-- Tables    log_retention, event_partition: read. See log_holds().
-- Access: observe, orchestrate
create or replace function retention()
returns jsonb
language sql
stable
security definer
set search_path from current
set jit = off
as $$
    select pg_catalog.jsonb_build_object(
        'age', r.age::text, 'bytes', r.bytes, 'partition_rows', r.partition_rows,
        'begins_after', r.begins_after, 'dropped_at', r.dropped_at, 'waits_for', r.waits_for,
        'partitions', (select count(*) from event_partition),
        'bytes_taken', (select coalesce(sum(pg_catalog.pg_total_relation_size(p.partition)), 0)
                          from event_partition p),
        'holds', (select coalesce(pg_catalog.jsonb_agg(pg_catalog.to_jsonb(h)), '[]')
                    from (select o.kind, o.holder, o.position
                            from log_holds() as o
                           where o.position < log_end()
                           order by o.position, o.holder
                           limit 20) as h))
      from log_retention r
     where r.only_row;
$$;
