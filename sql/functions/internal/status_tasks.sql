-- status_tasks: what there is to say of tasks and nodes, for status(). Internal.
--
-- Returns     a JSON object: nodes {live, ended}: those that ended within the last hour;
--             maintained {passed_at, seconds}: the last pass of maintain(), null where there was
--             none; missing: an array of waiting_in_vain(), the first 100; dead: an array of
--             dead_by_handler().
-- Tables      node, maintenance: read.
create or replace function status_tasks()
returns jsonb
language sql
stable
set search_path from current
set jit = off
set enable_seqscan = off
as $$
    select pg_catalog.jsonb_build_object(
               'nodes', (select pg_catalog.jsonb_build_object(
                                    'live', count(*) filter (where is_live(n)),
                                    'ended', count(*) filter (where not is_live(n)))
                           from node n),
               'maintained', (select pg_catalog.jsonb_build_object(
                                         'passed_at', m.passed_at,
                                         'seconds', round(extract(
                                             epoch from clock_timestamp() - m.passed_at)))
                                from maintenance m
                               where m.only_row and pg_catalog.isfinite(m.passed_at)),
               'missing', (select coalesce(pg_catalog.jsonb_agg(pg_catalog.to_jsonb(w)
                                                                order by w.oldest_seconds desc),
                                           '[]')
                             from (select v.* from waiting_in_vain() as v limit 100) as w),
               'dead', (select coalesce(pg_catalog.jsonb_agg(pg_catalog.to_jsonb(d)
                                                             order by d.handler), '[]')
                          from dead_by_handler() as d));
$$;
