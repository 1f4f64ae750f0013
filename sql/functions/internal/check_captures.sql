-- check_captures: whether the changes of captured tables become events. Part of doctor().
--
-- Returns     as doctor() does.
-- Tables      capture: read.
create or replace function check_captures()
returns table (check_name text, state text, found text, fix text)
language plpgsql
volatile
set search_path from current
as $$
begin
    return query
        select 'captures', case when f.is_loss then 'problem' else 'warning' end, f.fault, f.fix
          from capture_faults() as f
         order by f.capture
         limit 100;
    if not found then
        return query select 'captures', 'ok', pg_catalog.format(
            '%s captures of tables, each as its table is', (select count(*) from capture)),
            null::text;
    end if;
end;
$$;
