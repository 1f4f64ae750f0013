-- statistics: what happened, from what maintain() counted: nothing is counted here. For `baton
-- stats`.
--
-- Arguments   by: handler (tasks by handler and version), queue (over all versions), tenant
--             (events, and tasks, by tenant), event (events by type) or view (events by the live
--             views that read them). since: from then on; from the beginning of that minute, or of
--             that hour where it is more than three hours ago. of: only this handler, tenant, type
--             or view. every: a row for each such time; null: one for all.
-- Returns     one row for each, by name.
--   subject     handler: of tasks; event: of events; view: of events that it reads.
--   name        null for those that had no room: see add_statistics(). Of a tenant: '' for none.
--   bucket_at   from when on; seconds: for how long, since there are statistics.
--   made        events that were reduced. per_second: those, or the tasks that were done.
--   done, dead, cancelled  tasks that ended so. failed, lost: attempts. Of a view dead: events that
--               it could not fold.
--   error_rate  the share of attempts that failed or were lost; of events that were dead.
--   wait_...      seconds that tasks waited until the claim under which they were done, and events
--               until they were reduced; run_...: that those tasks ran. Off by 8.7% at most.
-- Raises      BT042 by, since or every are none.
-- Cost        of the buckets that it reads, however many events and tasks are in them.
-- Tables      statistic, statistic_progress: read. See statistic_name().
-- Access: observe, orchestrate
create or replace function statistics(
    by    text        default 'handler',
    since timestamptz default clock_timestamp() - interval '1 hour',
    "of"  text        default null,
    every interval    default null
)
returns table (
    subject    text,
    name       text,
    version    integer,
    bucket_at  timestamptz,
    seconds    numeric,
    made       bigint,
    done       bigint,
    failed     bigint,
    lost       bigint,
    dead       bigint,
    cancelled  bigint,
    per_second numeric,
    error_rate numeric,
    wait_p50   numeric,
    wait_p95   numeric,
    wait_p99   numeric,
    run_p50    numeric,
    run_p95    numeric,
    run_p99    numeric
)
language plpgsql
stable
security definer
set search_path from current
set jit = off
as $$
#variable_conflict use_column
declare
    first_at constant timestamptz := statistics_since(
        statistics.by, statistics.since, statistics.every);
    until    constant timestamptz := clock_timestamp();
    kept_at  constant timestamptz := (
        select p.since from statistic_progress p where p.only_row);
begin
    return query
        select s.subject, s.name, s.version, s.bucket_at, l.seconds, s.made, s.done, s.failed,
               s.lost, s.dead, s.cancelled, round((s.made + s.done) / l.seconds, 3),
               round(case when s.made > 0 then s.dead / s.made::numeric
                          else (s.failed + s.lost)
                               / nullif(s.done + s.failed + s.lost, 0)::numeric end, 5),
               percentile(s.waited, 0.5), percentile(s.waited, 0.95), percentile(s.waited, 0.99),
               percentile(s.ran, 0.5), percentile(s.ran, 0.95), percentile(s.ran, 0.99)
          from pg_catalog.unnest(merged_statistics(array(
            select row(case statistics.by when 'view' then 'view' else s.subject end, false,
                       case when statistics.every is null then first_at
                            else pg_catalog.date_bin(statistics.every, s.bucket_at, first_at) end,
                       n.name, n.version, null, s.made, s.done, s.failed, s.lost, s.dead,
                       s.cancelled, s.waited, s.ran)::statistic
              from statistic s
             cross join lateral statistic_name(s, statistics.by) as n
             where s.bucket_at >= first_at
               and (statistics."of" is null or n.name = statistics."of")))) as s
         cross join lateral (
            select round(greatest(1, extract(epoch from
                       least(until, s.bucket_at + coalesce(statistics.every, until - s.bucket_at))
                       - greatest(s.bucket_at, kept_at))), 3) as seconds) as l
         order by s.subject, s.name nulls last, s.version, s.bucket_at;
end;
$$;
