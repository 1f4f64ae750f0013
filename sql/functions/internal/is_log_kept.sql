-- is_log_kept: whether the log still has all events after a position. Internal, for whoever is
-- about to read them.
--
-- Arguments   after_position: of the last event that is not needed. what: who wants to read, for
--             the message; null: nobody in particular.
-- Returns     true.
-- Raises      BT071 some of them were dropped by retention.
-- Tables      log_retention: read.
-- Access: orchestrate
create or replace function is_log_kept(after_position bigint, what text default null)
returns boolean
language plpgsql
stable
security definer
set search_path from current
as $$
declare
    kept log_retention;
begin
    select r.* into kept
      from log_retention r
     where r.only_row and r.begins_after > is_log_kept.after_position;
    if found then
        raise exception '%the log begins after position %: retention dropped the events up to '
            'there at %', coalesce(is_log_kept.what || ': ', ''), kept.begins_after,
            pg_catalog.date_trunc('second', kept.dropped_at)::text
            || case when is_log_kept.what is null then ''
                    else '; let the version begin with the rows of a former one (migrate), or, '
                         'where it may do without those events, with what is left: `baton log '
                         'retention begin VIEW VERSION`' end
            using errcode = 'BT071';
    end if;
    return true;
end;
$$;
