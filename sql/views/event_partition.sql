-- event_partition: the partitions of event, and the ids that each takes. Internal.
create or replace view event_partition as
select c.oid::regclass as partition,
       (regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \(''(\d+)''\)'))[1]::bigint as first_id,
       (regexp_match(pg_get_expr(c.relpartbound, c.oid), 'TO \(''(\d+)''\)'))[1]::bigint as upper_id
  from pg_inherits i
  join pg_class c on c.oid = i.inhrelid
 where i.inhparent = 'event'::regclass
   and pg_get_expr(c.relpartbound, c.oid) <> 'DEFAULT';
