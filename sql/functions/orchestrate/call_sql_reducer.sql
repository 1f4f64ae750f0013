-- call_sql_reducer: let a SQL reducer fold what batch_event shows. Internal.
--
-- What it leaves in the session (a setting, a role, a temporary table) would change what the next
-- reducer and the leader do. So that is refused, and gone with the transaction. It is looked at out
-- here, where the settings that the reducer itself is called with are not in the way.
--
-- Raises    BT013 it left something; and whatever the reducer raises.
-- Access: orchestrate
create or replace function call_sql_reducer(name text, version integer)
returns void
language plpgsql
volatile
set search_path from current
as $$
declare
    before text := current_setting('search_path') || session_state();
begin
    perform fold_sql_reducer(name, version);
    if current_setting('search_path') || session_state() is distinct from before then
        raise exception 'SQL reducer %@% changes its session (a setting, the role, a temporary '
            'table), where others work, too; give its function a SET clause instead: alter '
            'function %() set ...',
            name, version, name || '__v' || version::text
            using errcode = 'BT013';
    end if;
end;
$$;
