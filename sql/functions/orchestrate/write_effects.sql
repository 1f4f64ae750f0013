-- write_effects: let happen what a reducer lets follow from events: tasks, derived events, task
-- sets. Internal, for the leader: in the transaction that writes the view's rows and says where it
-- stands, after the leader's row is locked. So each effect happens once, and for the versions of
-- handlers that are live at the batch's position.
--
-- Derived events are held to no max_lag, and tasks to no limit_waiting(): nobody is there who
-- could wait. Of events that whoever adopted a copy discarded no tasks and sets come:
-- adopt_environment().
--
-- Arguments   view, version: whose effects. effects: {"cause", "event_id", "ordinal", "task",
--             "payload", ...}, see the type effect; in order.
-- Raises      BT055, BT037 see refuse_effects(). BT056 see dispatch_effect(). What enqueue(),
--             dispatch() and open_task_set() raise, but BT004 and BT048.
-- Notifies    the orchestrator and nodes that sleep.
-- Tables      environment_home: read. derived_event, event: see dispatch_effect(). task: see
--             enqueue_apart(). task_set: see open_effect_set(). task_set_touch: see
--             touch_task_set().
-- Access: orchestrate
create or replace function write_effects(view text, version integer, effects jsonb[])
returns void
language plpgsql
volatile
security definer
set search_path from current
as $$
#variable_conflict use_column
declare
    made        effect;
    no_tasks_to constant bigint := (select o.no_tasks_to from environment_home o);
begin
    perform refuse_effects(write_effects.view, write_effects.version, write_effects.effects);
    for made in
        select f.*
          from pg_catalog.unnest(write_effects.effects) with ordinality as e (object, n)
         cross join lateral pg_catalog.jsonb_populate_record(null::effect, e.object) as f
         order by e.n
    loop
        if made.event is not null then
            perform dispatch_effect(write_effects.view, write_effects.version, made);
        elsif made.event_id <= no_tasks_to or made.touch_task_set is not null then
            continue;
        elsif made.task is not null then
            perform enqueue_apart(
                made.task, coalesce(made.payload, '{}'), null, null, made.run_at,
                coalesce(made.priority, 0), coalesce(made.labels, '{}'), made.tenant, made.meta,
                coalesce(made.schema_version, 1), made.unique_key,
                coalesce(made.on_conflict, 'skip'), made.lane, made.longest_wait, made.after,
                coalesce(made.when_failed, 'cancel'), made.every, made.expires_at, made.event_id);
        else
            perform open_effect_set(made);
        end if;
    end loop;
    -- Last, so that they have all that was dispatched; and once, however often it was said.
    perform touch_task_set(t.handler, t.key)
       from (select distinct f.touch_task_set as handler, f.key
               from pg_catalog.unnest(write_effects.effects) as e (object)
              cross join lateral pg_catalog.jsonb_populate_record(null::effect, e.object) as f
              where e.object ? 'touch_task_set' and f.touch_task_set is not null
                and f.event_id > no_tasks_to) as t;
end;
$$;
