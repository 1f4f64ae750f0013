-- maintain_task_sets: what has to go on with task sets whoever is there. Internal: maintain().
--
-- In a copy that nobody adopted nothing is published, opened or ended: unadopted().
--
-- Returns     whether there is more to do than one pass may.
-- Tables      task_set, task_set_touch: read. See the functions that it calls.
-- Cost        of two looks at indexes where there is nothing to do.
create or replace function maintain_task_sets()
returns boolean
language plpgsql
volatile
set search_path from current
set jit = off
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    is_behind boolean := false;
    is_open   constant boolean := exists (select from task_set s where s.state = 'open');
begin
    if (is_open or exists (select from task_set_touch)) and unadopted() is not null then
        return false;
    end if;
    if is_open then
        perform expire_task_sets(100);
        perform settle_task_sets(100);
    end if;
    if exists (select from task_set s
                where s.clear_at <= (select clock_timestamp()) and s.cleared_at is null) then
        is_behind := clear_task_sets(200);
    end if;
    if exists (select from task_set_touch) then
        is_behind := open_next_sets(100) or is_behind;
    end if;
    return is_behind;
end;
$$;
