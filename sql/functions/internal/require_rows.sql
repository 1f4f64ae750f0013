-- require_rows: raise that rows are missing without which nothing here works, if they are.
-- Internal, for whoever reads one of them.
--
-- Raises    BT009 naming the tables, see missing_rows().
-- Tables    see missing_rows().
create or replace function require_rows()
returns void
language plpgsql
stable
set search_path from current
as $$
declare
    missing text := missing_rows();
begin
    if missing is not null then
        raise exception '% lacks the rows that it was installed with in %: they were deleted, or '
            'not copied with the rest; put them back from a backup, or from where it was copied '
            'from',
            current_schema(), missing
            using errcode = 'BT009';
    end if;
end;
$$;
