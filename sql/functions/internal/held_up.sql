-- held_up: what holds the leader up, as far as it noted it or the server shows it. Internal:
-- status().
--
-- The lead was taken in vain where events wait, and no batch came of it; or where a view is behind,
-- and something ended it.
--
-- Arguments   l: the leader's row. lag: how many events wait.
-- Returns     one line each: the lead is taken again and again and nothing comes of it; the leader
--             tries something again; its session waits for a lock; a view was put off for one.
-- Tables      leadership, batch, view_state, view_build: read.
create or replace function held_up(l leader, lag bigint)
returns text[]
language sql
stable
set search_path from current
as $$
    with fruitless as (
        select count(*) as times,
               (pg_catalog.array_agg(s.trouble order by s.epoch desc)
                    filter (where s.trouble is not null))[1] as trouble
          from leadership s
         where s.since > clock_timestamp() - interval '5 minutes'
           and (held_up.lag > 0
                and s.epoch > coalesce((select b.epoch from batch b
                                         order by b.first_position desc limit 1), 0)
                or s.trouble is not null
                   and exists (select from view_state v where v.state = 'behind'))
    ), problem as (
        select 1 as rank, pg_catalog.format(
                   'the lead was taken %s times in 5 minutes and nothing came of it: %s',
                   f.times, coalesce(f.trouble, 'see the log of ' || (held_up.l).node)) as line
          from fruitless f
         where f.times >= 3
         union all
        select 2, pg_catalog.format('the leader is held up since %s: %s',
                                    date_trunc('second', s.trouble_at), s.trouble)
          from leadership s
         where s.epoch = (held_up.l).epoch and s.trouble is not null
           and is_led(held_up.l)
         union all
        select 3, pg_catalog.format(
                   'the leader''s session waits for a lock for %s s, held by %s',
                   round(extract(epoch from clock_timestamp() - min(k.waitstart))::numeric, 1),
                   string_agg(distinct case when p.pid = 0 then 'a prepared transaction'
                       else pg_catalog.format('process %s (%s)', p.pid, coalesce(
                                nullif(a.application_name, ''), a.backend_type)) end, ', '))
          from pg_locks k
         cross join lateral pg_catalog.unnest(pg_catalog.pg_blocking_pids(k.pid)) as p (pid)
          left join pg_stat_activity a on a.pid = p.pid
         where k.pid = (held_up.l).backend_pid and not k.granted
           and k.waitstart < clock_timestamp() - interval '300 milliseconds'
        having count(*) > 0
         union all
        select 4, pg_catalog.format('view %s waits at position %s: %s',
                                    w.name, w.position,
                                    pg_catalog.concat_ws(', ', w.reason,
                                        lock_holders(w.view, w.version, (held_up.l).backend_pid)))
          from (select s.view, s.version, s.view as name, s.position, s.reason
                  from view_state s
                 where s.state = 'behind'
                 union all
                select b.view, b.version, pg_catalog.format('%s@%s', b.view, b.version),
                       b.position, b.reason
                  from view_build b
                 where b.state = 'building') as w
         where w.reason ^@ 'put off: '
    )
    select coalesce(pg_catalog.array_agg(p.line order by p.rank, p.line), '{}') from problem p;
$$;
