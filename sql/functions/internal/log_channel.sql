-- log_channel: where those listen who follow the log. Internal: await_events(),
-- move_bookmark(), record_batch().
--
-- Channels are the database's, so the schema's number is in it.
create or replace function log_channel()
returns text
language sql
stable
set search_path from current
as $$
    select 'baton_log_' || (current_schema()::regnamespace)::oid::text;
$$;
