-- What has other arguments or results now than in an environment of an earlier version. Runs before
-- the functions are made, in the same transaction.
--
-- `create or replace` leaves a function with other arguments standing beside the new one, where a
-- call may mean either, and refuses other results. Dropped by a migration, the function would be
-- missing until the functions' own transaction: an application that dispatches meanwhile would
-- fail. So it is done here, for what applications and running orchestrators call.

-- 0005: they take one argument more, which calls of before may leave out.
drop function if exists view_statements(text, integer);
drop function if exists view_columns(text, integer);

-- 0006: they take a schema_version.
drop function if exists dispatch(text, jsonb, text, text, jsonb, uuid);
drop function if exists dispatch_bytes(text, bytea, text, text, text, jsonb, uuid);
drop function if exists dispatch_once(uuid, text, jsonb, text, text, jsonb, bytea, text);

-- 0006: they return it. batch_event reads from them, and functions of SQL reducers may take a row
-- of it: so it is not dropped, but shows nothing until it is made again further down.
do $$
begin
    if exists (select from pg_proc p
                where p.pronamespace = current_schema()::regnamespace
                  and p.proname in ('read_log', 'far_slice')
                  and not 'schema_version' = any (p.proargnames))
    then
        create or replace view batch_event as
        select null::bigint as position, null::bigint as id, null::timestamptz as dispatched_at,
               null::text as type, null::text as key, null::text as tenant, null::jsonb as payload,
               null::bytea as body, null::text as content_type, null::jsonb as meta
         where false;
        drop function read_log(bigint, integer);
        drop function far_slice();
    end if;
end;
$$;

-- It takes who asks; a leader's calls may leave that out.
drop function if exists register_set(text, integer, text[], boolean);

-- Others' arguments take their place: a proof instead of a token.
drop function if exists take_lead(
    text, text[], text[], interval, text, text, text, boolean, bigint);
drop function if exists claim_builds(text, text[], text[], text, text, text, boolean);
drop function if exists register_set(text, integer, text[], boolean, text, text, text);
drop function if exists admit(text, text, text, text, boolean);
drop function if exists admission(text, text, text, boolean);
drop function if exists token_owner(text);
drop function if exists leader_lock_key();

-- It takes what origin_id() says.
drop function if exists late_transactions(xid8, pg_snapshot, pg_snapshot);

-- It takes how much of the log it looks at.
drop function if exists doctor();

-- It returns why an event cannot be read.
drop function if exists wide_events(bigint[], bigint);

-- They name their columns, instead of rows of event that fail when somebody adds a column to it.
do $$
begin
    if exists (select from pg_proc p
                where p.pronamespace = current_schema()::regnamespace
                  and p.proname in ('log_slice', 'log_main_run')
                  and p.prorettype = 'event'::regtype)
    then
        drop function if exists log_slice(
            bigint, xid8, pg_snapshot, pg_snapshot, bigint, xid8[], bigint, integer);
        drop function if exists log_main_run(
            bigint, xid8, pg_snapshot, pg_snapshot, bigint, bigint);
    end if;
end;
$$;

-- They have other names now. Dropped, they would take batch_event along, and what reads it.
do $$
declare
    former record;
begin
    for former in
        select *
          from (values ('late_transactions(xid8, pg_snapshot, pg_snapshot, bigint)',
                        'window_stragglers'),
                       ('idle_reason(set_version)', 'inactive_reason'),
                       ('far_slice()', 'sparse_slice'),
                       ('stray_event(bigint, log_window)', 'colliding_event'),
                       ('former_functions(text, integer)', 'seed_functions')) as f (name, new_name)
         where to_regprocedure(f.name) is not null
    loop
        execute format('alter function %s rename to %I', former.name, former.new_name);
    end loop;
end;
$$;

-- They take and give what has a version as such, and no texts that say so.
drop function if exists take_lead(
    text, text[], text[], interval, text, text, text, bytea, bigint);
drop function if exists claim_builds(text, text[], text[], text, text, text, bytea);
drop function if exists register_set(text, integer, text[], boolean, text, text, text, bytea);
drop function if exists open_promotion(text[]);
drop function if exists retire(text[]);
drop function if exists shared_laggard(text[], integer[]);
do $$
begin
    if exists (select from pg_proc p
                where p.pronamespace = current_schema()::regnamespace
                  and p.proname = 'live_sets_after' and p.prorettype = 'text[]'::regtype) then
        drop function live_sets_after(text[], integer[]);
    end if;
end;
$$;
