-- event_partition: the partitions of event, and the ids that each takes. Internal.
--
-- Access: orchestrate
create or replace view event_partition as
select p.partition,
       (regexp_match(p.bound, 'FROM \(''(\d+)''\)'))[1]::bigint as first_id,
       (regexp_match(p.bound, 'TO \(''(\d+)''\)'))[1]::bigint as upper_id
  from (select c.oid::regclass as partition, pg_get_expr(c.relpartbound, c.oid) as bound
          from pg_inherits i
          join pg_class c on c.oid = i.inhrelid
         where i.inhparent = 'event'::regclass) as p
 where p.bound <> 'DEFAULT';
