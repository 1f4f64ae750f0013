-- check_machines: whether a machine may come from anywhere. Part of doctor().
--
-- Returns   one row of doctor().
-- Tables    machine, environment: read.
create or replace function check_machines()
returns table (check_name text, state text, found text, fix text)
language sql
volatile
set search_path from current
as $$
    select 'machines', case when loose.named is null then 'ok' else 'warning' end,
        case when loose.named is null then 'each may come from where it is pinned to, if it must be'
             else pg_catalog.format('not pinned to where they are: %s', loose.named) end,
        case when loose.named is not null
             then pg_catalog.format('enrol them with --network, or with --client-dn; that one can '
                                    'only be checked after: grant pg_read_all_stats to %I',
                                    current_user) end
      from (select string_agg(m.name, ', ' order by m.name)
              from machine m
             where m.revoked_at is null
               and case when m.client_dn is not null then not sees_all_sessions()
                        else m.networks = '{}'
                             and (select e.kind = 'production' from environment e where e.only_row)
                                 is not false end) as loose (named);
$$;
