-- add_statistics: add what was counted to its buckets. Internal: count_events(), count_tasks(),
-- count_ends(), roll_statistics(). The caller has the turn 'maintenance'.
--
-- Whoever makes up tenants or types must not fill the disk: a bucket has room for 500 rows of a
-- subject. What comes when it is full is counted without its tenant, for 100 rows more, and then
-- without its name. What there is most of comes first.
--
-- Arguments   counted: rows to add; several may be for the same one.
-- Tables      statistic: read, insert, update.
-- Cost        of the rows.
create or replace function add_statistics(counted statistic[])
returns void
language plpgsql
volatile
set search_path from current
set jit = off
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    room constant integer := 500;
    more constant integer := 100;
    one  statistic;
    last statistic;
    rows integer;
    is_new boolean;
begin
    for one in
        select c.* from pg_catalog.unnest(add_statistics.counted) as c
         order by c.is_hourly, c.bucket_at, c.subject,
                  c.made + c.done + c.failed + c.lost + c.cancelled desc
    loop
        if (one.is_hourly, one.bucket_at, one.subject)
           is distinct from (last.is_hourly, last.bucket_at, last.subject)
        then
            select count(*) into rows
              from statistic s
             where s.is_hourly = one.is_hourly and s.bucket_at = one.bucket_at
               and s.subject = one.subject;
        end if;
        last := one;
        if rows >= room and not exists (
            select from statistic s
             where s.is_hourly = one.is_hourly and s.bucket_at = one.bucket_at
               and s.subject = one.subject and s.name = one.name and s.version = one.version
               and s.tenant = one.tenant)
        then
            one.tenant := null;
            if rows >= room + more and not exists (
                select from statistic s
                 where s.is_hourly = one.is_hourly and s.bucket_at = one.bucket_at
                   and s.subject = one.subject and s.name = one.name and s.version = one.version
                   and s.tenant is null)
            then
                one.name := null;
                one.version := 0;
            end if;
        end if;
        insert into statistic as s select one.*
        on conflict (is_hourly, bucket_at, subject, name, version, tenant) do update
           set made = s.made + excluded.made,
               done = s.done + excluded.done,
               failed = s.failed + excluded.failed,
               lost = s.lost + excluded.lost,
               dead = s.dead + excluded.dead,
               cancelled = s.cancelled + excluded.cancelled,
               waited = histogram_sum(s.waited, excluded.waited),
               ran = histogram_sum(s.ran, excluded.ran)
        returning s.xmax = 0 into strict is_new;
        rows := rows + is_new::integer;
    end loop;
end;
$$;
