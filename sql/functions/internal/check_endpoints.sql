-- check_endpoints: whether endpoints can be sent anything. Part of doctor().
--
-- Returns     one row of doctor().
-- Tables      endpoint: see endpoints().
create or replace function check_endpoints()
returns table (check_name text, state text, found text, fix text)
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    shut text;
    many bigint;
begin
    select string_agg(e.handler || ' (' || e.state || ')', ', ' order by e.handler)
               filter (where e.state in ('broken', 'disabled')), count(*)
      into shut, many
      from endpoints() as e;
    return query select 'endpoints', case when shut is null then 'ok' else 'warning' end,
        case when many = 0 then 'no handler is an endpoint'
             when shut is null then pg_catalog.format('%s endpoints', many)
             else 'nothing is sent to ' || shut end,
        case when shut is not null
             then 'see why: baton endpoints list; then: baton endpoints enable' end;
end;
$$;
