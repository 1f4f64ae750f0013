-- touch_task_set: what the task sets of a key depend on has changed; a next one has to follow.
--
-- However often this is said, one set follows: opened by maintain() as soon as no other one of the
-- key is open, with the members, inputs and policies of the newest one, by the version that is live
-- then. Its input position is not before what this transaction dispatched so far: dispatch first,
-- then call this. Of a key that never had a set, nothing comes.
--
-- Arguments   handler, key: see open_task_set().
-- Raises      BT037 nobody registered the handler.
-- Tables      task_set_touch: insert. set_handler: read. handler: see require_handler(). event:
--             see own_events().
-- Access: dispatch, node, orchestrate
create or replace function touch_task_set(handler text, key text)
returns void
language plpgsql
volatile
security definer
set search_path from current
as $$
begin
    if not exists (select from set_handler n where n.view_set = touch_task_set.handler) then
        perform require_handler(touch_task_set.handler);
    end if;
    insert into task_set_touch (handler, key, after_event)
    values (touch_task_set.handler, touch_task_set.key, (select o.id from own_events(1) as o));
end;
$$;
