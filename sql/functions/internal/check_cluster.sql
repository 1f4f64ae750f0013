-- check_cluster: whether the log belongs to the cluster that it is in. Part of doctor().
--
-- Returns   one row of doctor().
-- Tables    log_origin: read.
create or replace function check_cluster()
returns table (check_name text, state text, found text, fix text)
language plpgsql
volatile
set search_path from current
as $$
declare
    reason text;
begin
    return query select 'cluster',
        case when is_here then 'ok' else 'warning' end,
        case when is_here then 'the log belongs to this cluster'
             else 'the data came from another cluster, and nobody has led since' end,
        case when not is_here
             then 'start an orchestrator: the first leadership re-bases the log' end
      from (select o.system_identifier = this_cluster() as is_here
              from log_origin o
             order by o.window_number desc
             limit 1) as origin;
exception when insufficient_privilege then
    get stacked diagnostics reason = message_text;
    return query select 'cluster', 'problem', pg_catalog.split_part(reason, '; ', 1),
        pg_catalog.split_part(reason, '; ', 2);
end;
$$;
