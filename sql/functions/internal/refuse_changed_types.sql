-- refuse_changed_types: refuse a version that could never be shown. Internal, part of its
-- registration: so a version that is refused leaves nothing, and its number is free.
--
-- The public view keeps every column that it ever had, with its type: see show_view().
--
-- Arguments   view, version: its table must be there.
-- Raises      BT013 the version has a column of another type than the public view.
-- Access: orchestrate
create or replace function refuse_changed_types(view text, version integer)
returns void
language plpgsql
stable
set search_path from current
as $$
declare
    clash record;
begin
    select p.attname, pg_catalog.format_type(p.atttypid, p.atttypmod) as shown,
           pg_catalog.format_type(c.atttypid, c.atttypmod) as made
      into clash
      from pg_attribute p
      join pg_attribute c on c.attname = p.attname
     where p.attrelid = to_regclass(pg_catalog.format('%I.%I', current_schema(),
                                                      refuse_changed_types.view))
       and c.attrelid = to_regclass(pg_catalog.format(
               '%I.%I', current_schema(),
               refuse_changed_types.view || '__v' || refuse_changed_types.version::text))
       and p.attnum > 0 and not p.attisdropped and c.attnum > 0 and not c.attisdropped
       and p.attname <> 'position'
       and (p.atttypid <> c.atttypid or p.atttypmod <> c.atttypmod)
     order by c.attnum
     limit 1;
    if found then
        raise exception 'view % shows column % as %, and version % makes it %: give the column '
            'another name',
            refuse_changed_types.view, clash.attname, clash.shown, refuse_changed_types.version,
            clash.made
            using errcode = 'BT013';
    end if;
end;
$$;
