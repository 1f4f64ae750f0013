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

-- 0008: it returns why an event cannot be read.
do $$
begin
    if exists (select from pg_proc p
                where p.pronamespace = current_schema()::regnamespace
                  and p.proname = 'wide_events' and not 'fault' = any (p.proargnames))
    then
        drop function wide_events(bigint[], bigint);
    end if;
end;
$$;
