-- require_awaited: raise what is wrong with a callback before anything is changed. Internal:
-- call_back().
--
-- Of a token that nobody knows nothing is said.
--
-- Arguments   awaited: the row that the token is of; null for none.
-- Raises      BT039 nobody knows the token; it is too late.
create or replace function require_awaited(awaited task_callback)
returns void
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    known constant task_callback := require_awaited.awaited;
begin
    if known.task is null then
        perform refuse_callback('nobody knows this token, or not any more');
    elsif known.outcome = 'late'
          or (known.outcome is null and known.until_at <= clock_timestamp())
    then
        perform refuse_callback(pg_catalog.format(
            'it is too late: task %s was awaited until %s', known.task,
            date_trunc('second', known.until_at)));
    end if;
end;
$$;
