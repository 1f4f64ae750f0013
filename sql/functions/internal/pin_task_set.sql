-- pin_task_set: what a task set that is opened now is pinned to. Internal: open_set().
--
-- Opening and promoting lock the same row, the handler's or the live version's of the view set; so
-- a set has the version that was live until the transaction that opened it committed.
--
-- Arguments   name: of a handler, or of a view set that names handlers.
-- Returns     version: the live one. build: of a handler; null: it is a view set. pins: each
--             handler with its version.
-- Raises      BT037 there is neither; or nobody registered the version that the set names. BT042
--             the view set names no handlers.
-- Locks       that row, until the transaction ends.
-- Tables      handler, set_version: lock. handler_version, set_handler: read.
create or replace function pin_task_set(
    name text, out version integer, out build text, out pins versioned[])
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    lacking set_handler;
begin
    perform from handler h where h.name = pin_task_set.name for share;
    if found then
        select v.version, v.build into strict version, build
          from handler h
          join handler_version v on v.handler = h.name and v.version = h.live_version
         where h.name = pin_task_set.name;
        pins := array[(pin_task_set.name, pin_task_set.version)::versioned];
        return;
    end if;
    loop
        -- Whoever waited here for a promotion looks again for what is live since.
        select s.version into version
          from set_version s
         where s.view_set = pin_task_set.name and s.state = 'live'
           for share;
        exit when found;
        if not exists (select from set_version s
                        where s.view_set = pin_task_set.name and s.state = 'live') then
            perform refuse_handler(pin_task_set.name);
        end if;
    end loop;
    pins := array(select (n.handler, n.version)::versioned
                    from set_handler n
                   where n.view_set = pin_task_set.name and n.set_version = pin_task_set.version
                   order by n.handler);
    if pins = '{}' then
        raise exception 'view set %@% names no handlers, so nobody could do the members of a task '
            'set', pin_task_set.name, version
            using errcode = 'BT042';
    end if;
    select n.* into lacking
      from set_handler n
     where n.view_set = pin_task_set.name and n.set_version = pin_task_set.version
       and not exists (select from handler_version v
                        where v.handler = n.handler and v.version = n.version)
     order by n.handler
     limit 1;
    if found then
        raise exception 'view set %@% has handler %@%, which nobody registered: start a node that '
            'carries it',
            pin_task_set.name, version, lacking.handler, lacking.version
            using errcode = 'BT037';
    end if;
end;
$$;
