-- check_roles: whether the group roles are there, with rights here. Part of doctor().
--
-- Returns   one row of doctor().
create or replace function check_roles()
returns table (check_name text, state text, found text, fix text)
language sql
volatile
set search_path from current
as $$
    select 'roles',
        case when coalesce(g.missing, g.powerless) is null then 'ok' else 'warning' end,
        case when g.count = 0
             then pg_catalog.format(
                 'single-role mode, which is weaker: there are no group roles, so whoever '
                 'dispatches does it as %s, and can read and change everything', current_user)
             when g.missing is not null then pg_catalog.format('missing: %s', g.missing)
             when g.powerless is not null
             then pg_catalog.format('without rights here: %s', g.powerless)
             else pg_catalog.format(
                 'grant %1$s_dispatch, _orchestrate or _observe to the roles that log in',
                 current_schema()) end,
        case when g.missing is not null
             then pg_catalog.format(
                 'let an administrator create them, nologin, then run baton environment upgrade as '
                 '%s', current_user)
             when g.powerless is not null
             then pg_catalog.format('run baton environment upgrade as %s', current_user) end
      from (select string_agg(wanted.role, ', ') filter (where r.oid is null),
                   string_agg(wanted.role, ', ') filter (
                       where not pg_catalog.has_schema_privilege(r.oid, current_schema(), 'usage')),
                   count(r.oid)
              from pg_catalog.unnest(array['_dispatch', '_node', '_orchestrate', '_observe',
                                         '_tenant'])
                       as suffix
             cross join lateral (select current_schema() || suffix as role) as wanted
              left join pg_roles r on r.rolname = wanted.role
           ) as g (missing, powerless, count);
$$;
