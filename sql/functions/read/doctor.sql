-- doctor: what is wrong with the set-up around this environment, and the fix.
--
-- status() says how the environment is doing now; this looks at what it stands on: the server's
-- settings, its room, the log's tables. Each row is one check; each check_...() is a function that
-- can be called by itself.
--
-- Arguments whole_log: read all that was recorded of the log again; else its end. See check_log().
-- Returns   check_name; state: 'ok', 'warning' (it works, but will hurt) or 'problem' (it does not
--           work, or loses data); found: what was found; fix: what to do, null if nothing.
-- Access: observe, orchestrate
create or replace function doctor(whole_log boolean default false)
returns table (check_name text, state text, found text, fix text)
language plpgsql
volatile
security definer
set search_path from current
set jit = off
set enable_seqscan = off
as $$
begin
    return query select * from check_rows();
    if missing_rows() is not null then
        return;
    end if;
    return query select * from check_row_security();
    return query select * from check_leader();
    return query select * from check_halted();
    return query select * from check_views();
    return query select * from check_partitions();
    return query select * from check_retention();
    return query select * from check_ids();
    return query select * from check_cluster();
    return query select * from check_adoption();
    return query select * from check_event_types();
    return query select * from check_log(doctor.whole_log);
    return query select * from check_connections();
    return query select * from check_settings();
    return query select * from check_transactions();
    return query select * from check_wraparound(1000000000, 1600000000);
    return query select * from check_tasks();
    return query select * from check_captures();
    return query select * from check_schedules();
    return query select * from check_bookmarks();
    return query select * from check_endpoints();
    return query select * from check_machines();
    return query select * from check_roles();
    return query select * from check_tenants();
    return query select * from check_owner();
end;
$$;
