-- doctor: what is wrong with the set-up around this environment, and the fix.
--
-- status() says how the environment is doing now; this looks at what it stands on: the server's
-- settings, its room, the log's tables. Each row is one check.
--
-- Arguments whole_log: read all that was recorded of the log again; else its end. See check_log().
-- Returns   check_name; state: 'ok', 'warning' (it works, but will hurt) or 'problem' (it does not
--           work, or loses data); found: what was found; fix: what to do, null if nothing.
-- Tables    leader, log_window, event, event_default, log_origin, view_state, machine,
--           environment, batch: read.
-- Access: observe, orchestrate
create or replace function doctor(whole_log boolean default false)
returns table (check_name text, state text, found text, fix text)
language plpgsql
volatile
security definer
set search_path from current
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    schema_name text := current_schema();
    l           leader;
    session     record;
    id_value    bigint := event_id_value();
    -- A window's ceiling can be above the highest event: ids are drawn in vain, too.
    id_max      bigint := greatest((select max(e.id) from event e),
                                   (select max(w.id_ceiling) from log_window w));
    is_blind    boolean := not sees_all_sessions();
    grant_text  text := pg_catalog.format('grant pg_read_all_stats to %I', current_user);
    ids_left    bigint;
    in_default  bigint;
    connections bigint;
    room        bigint;
    named       text;
    powerless   text;
    role_count  bigint;
    foreign_names text;
begin
    return query select * from check_rows();
    if missing_rows() is not null then
        return;
    end if;
    return query select * from check_row_security();

    select * into strict l from leader where only_row;
    select s.pid, s.doing into session from leader_session(l) as s;
    return query select 'leader',
        case when l.lease_until >= clock_timestamp() then 'ok'
             when session.pid is not null then 'warning' else 'problem' end,
        case when l.lease_until >= clock_timestamp()
             then pg_catalog.format('%s leads, epoch %s', l.node, l.epoch)
             when session.pid is not null
             then pg_catalog.format(
                 '%s leads, epoch %s, but did not extend its lease; its session, process %s, is %s',
                 l.node, l.epoch, session.pid, session.doing)
             else 'no orchestrator leads' end,
        case when l.lease_until >= clock_timestamp() then null
             when session.pid is not null
             then 'a batch takes long, or the process hangs: see its log, or raise the lease'
             else 'start one: baton orchestrate' end;

    select string_agg(pg_catalog.format('%s at position %s: %s', s.view, s.position, s.reason), '; '
                      order by s.view)
      into named from view_state s where s.state = 'halted';
    return query select 'views', case when named is null then 'ok' else 'problem' end,
        coalesce('halted: ' || named, 'none is halted'),
        case when named is not null
             then 'baton dead show VIEW, then baton dead retry VIEW or baton dead skip VIEW' end;

    return query select * from check_views();

    select coalesce(max(p.upper_id), 1) - id_value into ids_left from event_partition p;
    return query select 'partitions', case when ids_left > 0 then 'ok' else 'warning' end,
        pg_catalog.format('room for %s events before the next partition', greatest(ids_left, 0)),
        case when ids_left <= 0 then 'start an orchestrator: it adds partitions' end;

    select count(*) into in_default from (select from event_default limit 100000) as d;
    return query select 'event_default', case when in_default = 0 then 'ok' else 'warning' end,
        pg_catalog.format('%s events in the default partition%s', in_default,
               case when in_default = 100000 then ' or more' else '' end),
        case when in_default > 0
             then 'nothing is lost, but retention cannot drop them: keep an orchestrator '
                  'running' end;

    return query select 'id_sequence',
        case when coalesce(id_max, 0) <= id_value then 'ok' else 'problem' end,
        pg_catalog.format('the sequence is at %s, the highest id that was drawn is %s', id_value,
               coalesce(id_max, 0)),
        case when id_max > id_value then
            pg_catalog.format('the sequence did not come with the data; before anybody dispatches: '
                   'select setval(''%s.event_id_seq'', %s)',
                   schema_name, id_max) end;

    return query select 'id_blocks',
        case when q.cache_size = 1 then 'ok' else 'problem' end,
        case when q.cache_size = 1 then 'event ids are drawn one by one'
             else pg_catalog.format('sessions draw event ids %s at a time: events get lost, as '
                                    'an id may be used long after it was drawn', q.cache_size) end,
        case when q.cache_size <> 1
             then pg_catalog.format('alter sequence %s.event_id_seq cache 1', schema_name) end
      from pg_sequences q
     where q.schemaname = schema_name and q.sequencename = 'event_id_seq';

    return query select * from check_cluster();

    return query select * from check_log(doctor.whole_log);

    select count(*) into connections
      from pg_stat_activity a
     where a.datid is not null and coalesce(a.backend_type, 'client backend') = 'client backend';
    room := current_setting('max_connections')::bigint
            - current_setting('superuser_reserved_connections')::bigint;
    return query select 'connections',
        case when connections * 10 <= room * 8 then 'ok' else 'warning' end,
        pg_catalog.format('%s of %s in use', connections, room),
        case when connections * 10 > room * 8
             then 'raise max_connections, or put pgbouncer before the clients that dispatch' end;

    select string_agg(pg_catalog.format('%s = off', s.name), ', ' order by s.name) into named
      from pg_settings s
     where s.name in ('fsync', 'full_page_writes', 'synchronous_commit') and s.setting = 'off';
    return query select 'durability', case when named is null then 'ok' else 'warning' end,
        coalesce(named, 'fsync, full_page_writes and synchronous_commit are on'),
        case when named is not null
             then 'a crash of the machine can lose what was committed; switch it on unless this '
                  'is a test' end;

    select string_agg(pg_catalog.format('%s = off', s.name), ', ' order by s.name) into named
      from pg_settings s
     where s.name in ('autovacuum', 'track_counts') and s.setting = 'off';
    return query select 'autovacuum', case when named is null then 'ok' else 'problem' end,
        coalesce(named, 'on'),
        case when named is not null
             then 'switch it on: the views'' tables grow, and transaction ids run out' end;

    select string_agg(pg_catalog.format('process %s (%s) for %s s', a.pid, a.application_name,
                             round(extract(epoch from clock_timestamp() - a.xact_start))), ', ')
      into named
      from pg_stat_activity a
     where a.datname = current_database() and a.state like 'idle in transaction%'
       and a.xact_start < clock_timestamp() - interval '1 minute';
    return query select 'idle_transactions',
        case when named is null and not is_blind then 'ok' else 'warning' end,
        case when named is not null then named
             when is_blind then 'what sessions of other roles do cannot be seen'
             else 'nobody idles in a transaction' end,
        case when named is not null
             then 'it keeps dead rows from being removed: set '
                  'idle_in_transaction_session_timeout, or end it with pg_terminate_backend'
             when is_blind
             then grant_text || '; without it a leader''s long batch cannot be told from a '
                  'hanging leader, either' end;

    select string_agg(pg_catalog.format('%s for %s s', p.gid,
                             round(extract(epoch from clock_timestamp() - p.prepared))), ', ')
      into named
      from pg_prepared_xacts p
     where p.database = current_database()
       and p.prepared < clock_timestamp() - interval '1 minute';
    return query select 'prepared_transactions',
        case when named is null then 'ok' else 'warning' end,
        coalesce(named, 'none is left open'),
        case when named is not null
             then 'it holds its locks for ever: commit prepared or rollback prepared' end;

    select string_agg(m.name, ', ' order by m.name) into named
      from machine m
     where m.revoked_at is null
       and case when m.client_dn is not null then is_blind
                else m.networks = '{}'
                     and (select e.kind = 'production' from environment e where e.only_row)
                         is not false end;
    return query select 'machines', case when named is null then 'ok' else 'warning' end,
        case when named is null then 'each may come from where it is pinned to, if it must be'
             else pg_catalog.format('not pinned to where they are: %s', named) end,
        case when named is not null
             then 'enrol them with --network, or with --client-dn; that one can only be checked '
                  'after: ' || grant_text end;

    select string_agg(wanted.role, ', ') filter (where r.oid is null),
           string_agg(wanted.role, ', ') filter (
               where not pg_catalog.has_schema_privilege(r.oid, schema_name, 'usage')),
           count(r.oid)
      into named, powerless, role_count
      from pg_catalog.unnest(array['_dispatch', '_node', '_orchestrate', '_observe']) as suffix
     cross join lateral (select schema_name || suffix as role) as wanted
      left join pg_roles r on r.rolname = wanted.role;
    return query select 'roles',
        case when coalesce(named, powerless) is null then 'ok' else 'warning' end,
        case when role_count = 0
             then pg_catalog.format(
                 'single-role mode, which is weaker: there are no group roles, so whoever '
                 'dispatches does it as %s, and can read and change everything', current_user)
             when named is not null then pg_catalog.format('missing: %s', named)
             when powerless is not null then pg_catalog.format('without rights here: %s', powerless)
             else pg_catalog.format(
                 'grant %1$s_dispatch, _orchestrate or _observe to the roles that log in',
                 schema_name) end,
        case when named is not null
             then pg_catalog.format(
                 'let an administrator create them, nologin, then run baton environment upgrade as '
                 '%s', current_user)
             when powerless is not null
             then pg_catalog.format('run baton environment upgrade as %s', current_user) end;

    -- Orchestrators can make functions here, so they are as strong as the owner may be.
    select string_agg(c.relnamespace::regnamespace::text, ', ' order by n.nspname)
               filter (where pg_catalog.pg_get_userbyid(n.nspowner) = current_user),
           string_agg(c.relnamespace::regnamespace::text, ', ' order by n.nspname)
               filter (where pg_catalog.pg_get_userbyid(n.nspowner) <> current_user)
      into named, foreign_names
      from pg_class c
      join pg_namespace n on n.oid = c.relnamespace
     where c.relname = 'schema_migration' and c.relkind = 'r' and n.nspname ^@ 'baton_'
       and n.nspname <> schema_name;
    return query select 'owner',
        case when r.rolsuper or named is not null or joins_any and foreign_names is not null
             then 'warning' else 'ok' end,
        case when r.rolsuper
             then pg_catalog.format(
                 '%s is a superuser: who is an orchestrator here could become one', r.rolname)
             when named is not null
             then pg_catalog.format(
                 '%s owns %s, too: who is an orchestrator here could write there', r.rolname, named)
             when joins_any and foreign_names is not null
             then pg_catalog.format(
                 '%s may create roles, and so, before Postgres 16, join any: also those of %s',
                 r.rolname, foreign_names)
             else pg_catalog.format('%s owns this environment and no other in this database',
                                    r.rolname) end,
        case when r.rolsuper or named is not null
             then 'let each environment have an owner of its own that is no superuser'
             when joins_any and foreign_names is not null
             then pg_catalog.format('alter role %I nocreaterole', r.rolname) end
      from pg_roles r
     cross join lateral (
        select r.rolcreaterole and current_setting('server_version_num')::integer < 160000
      ) as version (joins_any)
     where r.rolname = current_user;
end;
$$;
