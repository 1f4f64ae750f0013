-- first_position: up to where a version of a view that is registered anew has the events: nothing,
-- or, where an operator let it begin so, what is gone. Internal: register_reducer().
--
-- Arguments   view, version: of the reducer. is_live: it becomes what readers see at once, so it
--             cannot begin with the rows of a former version.
-- Raises      BT071 it is live, and has to read events that are gone.
-- Tables      late_view: update. See log_beginning().
-- Access: orchestrate
create or replace function first_position(view text, version integer, is_live boolean)
returns bigint
language plpgsql
volatile
security definer
set search_path from current
as $$
#variable_conflict use_column
declare
    beginning constant bigint := log_beginning();
begin
    update late_view l set position = beginning
     where l.view = first_position.view and l.version = first_position.version;
    if found then
        return beginning;
    end if;
    if first_position.is_live then
        perform is_log_kept(0, pg_catalog.format('view %s@%s has to read the log from its first '
                                                  'event', first_position.view,
                                                  first_position.version));
    end if;
    return 0;
end;
$$;
