-- refuse_overload: raise that the views are too far behind. Internal, for dispatch.
--
-- Raises    BT004. Roll back and try later, or commit without the event: the caller decides.
-- Tables    event_limit: read.
create or replace function refuse_overload()
returns void
language plpgsql
stable
security definer
set search_path from current
as $$
begin
    raise exception 'overloaded: the views are more than % events behind the log; try again later',
        (select max_lag from event_limit where only_row)
        using errcode = 'BT004';
end;
$$;
