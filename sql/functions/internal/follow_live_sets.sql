-- follow_live_sets: make those versions of handlers live that the live view sets name, where they
-- are not. Internal: register_handler(), register_set(). The caller holds the turn 'registration'.
--
-- A promotion of a set switches its handlers with it, and nothing else switches them. What is left
-- is the beginning: the first version of a handler that some node registers is live at once, and
-- the first version of a set, too, and either may come first.
--
-- Arguments   handlers: which to look at.
-- Locks       the leader's row where something is to be switched, so that it happens between two
--             batches: see promote_handlers().
-- Tables      set_handler, set_version, handler, handler_version: read. leader: lock. See
--             switch_handlers().
create or replace function follow_live_sets(handlers text[])
returns void
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    behind versioned[];
begin
    behind := array(
        select (n.handler, n.version)::versioned
          from set_handler n
          join set_version s on s.view_set = n.view_set and s.version = n.set_version
          join handler h on h.name = n.handler
          join handler_version v on v.handler = n.handler and v.version = n.version
         where n.handler = any (follow_live_sets.handlers)
           and s.state = 'live' and h.live_version <> n.version
         order by n.handler);
    if behind = '{}' then
        return;
    end if;
    perform from leader where only_row for update;
    perform switch_handlers(array(select b.name from pg_catalog.unnest(behind) as b),
                            array(select b.version from pg_catalog.unnest(behind) as b), 0);
end;
$$;
