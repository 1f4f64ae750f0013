-- open_effect_set: open a task set that a reducer lets follow from an event. Internal:
-- write_effects().
--
-- Where a set of the key is open, it is touched: one next set follows, with that one's members. So
-- nothing has to know whether there is one. Its position is the end of the batch.
--
-- Arguments   made: the effect.
-- Raises      what open_task_set() and touch_task_set() raise, but BT052.
-- Locks       see open_task_set().
-- Tables      task_set, task_set_touch: see open_task_set(), touch_task_set(). task_set: read.
create or replace function open_effect_set(made effect)
returns void
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
begin
    if exists (select from task_set s
                where s.handler = made.open_task_set and s.key = made.key and s.state = 'open')
    then
        perform touch_task_set(made.open_task_set, made.key);
        return;
    end if;
    perform open_task_set(
        made.open_task_set, made.key, coalesce(made.members, '{}'), coalesce(made.inputs, '{}'),
        coalesce(made.seal, true), coalesce(made.on_promotion, 'finish'), made.deadline,
        coalesce(made.at_deadline, 'abandon'), coalesce(made.kept, interval '30 days'),
        coalesce(made.labels, '{}'));
end;
$$;
