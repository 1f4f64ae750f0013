-- retire_old_versions: give up what was kept warm for long enough. Internal, for the leader.
--
-- Arguments   rollback_window: how long a former version is kept.
-- Returns     'set@version' of each, or null.
-- Raises      BT011 the caller does not lead.
-- Tables      set_version: read.
-- Access: orchestrate
create or replace function retire_old_versions(rollback_window interval)
returns text
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
    old versioned[] := array(
        select (s.view_set, s.version)::versioned
          from set_version s
         where s.state = 'warm' and s.since < clock_timestamp() - rollback_window);
begin
    perform require_leader();
    if old <> '{}' then
        perform retire(old);
    end if;
    return version_list(old);
end;
$$;
