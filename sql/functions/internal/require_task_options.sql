-- require_task_options: raise what is wrong with what is said of a new task. Internal:
-- enqueue_apart(), require_schedule_options().
--
-- Raises      BT042 a schema version, priority or longest wait that is none.
create or replace function require_task_options(
    schema_version integer, priority integer, longest_wait interval)
returns void
language plpgsql
immutable
set search_path from current
as $$
begin
    if require_task_options.schema_version between 1 and 32767 is not true then
        raise exception 'a schema version of % is not between 1 and 32767',
            coalesce(require_task_options.schema_version::text, 'null')
            using errcode = 'BT042';
    end if;
    if require_task_options.priority between -1000 and 1000 is not true then
        raise exception 'a priority of % is not between -1000 and 1000',
            coalesce(require_task_options.priority::text, 'null')
            using errcode = 'BT042';
    end if;
    if require_task_options.longest_wait < interval '0' then
        raise exception 'a task cannot be put off by at most %', require_task_options.longest_wait
            using errcode = 'BT042';
    end if;
end;
$$;
