-- require_task_options: raise what is wrong with what is said of a new task. Internal:
-- enqueue_apart(), require_schedule_options(), update_task().
--
-- Arguments   see enqueue(); null longest_wait, every: not said. has_key: it has a unique key.
-- Raises      BT042 a schema version, priority, longest wait, when_failed or every that is none.
create or replace function require_task_options(
    schema_version integer, priority integer, longest_wait interval, when_failed text,
    every interval, has_key boolean)
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
    if require_task_options.when_failed in ('cancel', 'run', 'hold') is not true then
        raise exception 'where the task before it fails, when_failed is cancel, run or hold, not %',
            coalesce(pg_catalog.left(require_task_options.when_failed, 40), 'null')
            using errcode = 'BT042';
    end if;
    if require_task_options.every is not null
       and not (require_task_options.has_key
                and require_task_options.every between interval '1 ms' and interval '30 days')
    then
        raise exception 'one task every % is no rule: give 1 ms to 30 days, and a unique_key whose '
            'tasks are meant',
            require_task_options.every
            using errcode = 'BT042';
    end if;
end;
$$;
