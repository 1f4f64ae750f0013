-- past_beginning: with which position a fold of a version begins that has no snapshot to begin
-- with. Internal: open_past_view().
--
-- Arguments   view, version. at: the position that is meant to be reached.
-- Returns     0, the first event; or where an operator let the version begin.
-- Raises      BT071 the events from there on were dropped by retention; it says how far back one
--             can go.
-- Tables      late_view, view_snapshot: read.
-- Access: orchestrate
create or replace function past_beginning(view text, version integer, at bigint)
returns bigint
language plpgsql
stable
security definer
set search_path from current
as $$
#variable_conflict use_column
declare
    start constant bigint := coalesce(
        (select l.position from late_view l
          where l.view = past_beginning.view and l.version = past_beginning.version), 0);
    first bigint;
begin
    if start >= log_beginning() then
        return start;
    end if;
    select min(s.position) into first
      from view_snapshot s
     where s.view = past_beginning.view and s.version = past_beginning.version
       and s.position >= log_beginning();
    raise exception '%@% cannot be made as it was at position %: the log begins after position %, '
        'and %', past_beginning.view, past_beginning.version, past_beginning.at, log_beginning(),
        coalesce('the oldest of its rows that are kept are those at position ' || first::text,
                 'none of its rows are kept')
        using errcode = 'BT071';
end;
$$;
