-- set_log_retention: for how long events are kept, or how much room they may take. maintain() drops
-- whole partitions of the log, the oldest first, where one of the rules is met.
--
-- Arguments   age: from the recording on at least; bytes: of all partitions together. Null: no such
--             rule; both null: nothing is dropped any more. partition_rows: how many ids the
--             partitions have that are made from now on; null: as it is.
-- Raises      BT025 that is no age, size or count. BT009 see require_rows().
-- Tables      log_retention: update.
create or replace function set_log_retention(
    age interval, bytes bigint default null, partition_rows bigint default null)
returns void
language plpgsql
volatile
set search_path from current
as $$
begin
    perform require_rows();
    if set_log_retention.age <= interval '0' or set_log_retention.bytes <= 0
       or set_log_retention.partition_rows not between 1000 and 1000000000
    then
        raise exception 'log retention cannot be age %, bytes %, partition_rows %: give a time '
            'above 0, a size above 0, 1000 to 1000000000 rows; or null',
            coalesce(set_log_retention.age::text, 'null'),
            coalesce(set_log_retention.bytes::text, 'null'),
            coalesce(set_log_retention.partition_rows::text, 'null')
            using errcode = 'BT025';
    end if;
    update log_retention r
       set age = set_log_retention.age, bytes = set_log_retention.bytes,
           partition_rows = coalesce(set_log_retention.partition_rows, r.partition_rows),
           looked_at = '-infinity', waits_for = null
     where r.only_row;
end;
$$;
