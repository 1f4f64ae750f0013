-- begin_view: let a version of a view begin with what is left of the log, without the events that
-- retention dropped. To be said before the version is registered; its rows are what it makes of the
-- events from there on, and of no others.
--
-- Arguments   view, version: of a reducer.
-- Returns     the position after which it would begin now.
-- Raises      BT071 the version is registered already. BT009 see require_rows().
-- Locks       see lock_registration().
-- Tables      late_view: insert, update. See version_position().
create or replace function begin_view(view text, version integer)
returns bigint
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
begin
    perform require_rows();
    perform lock_registration();
    if version_position(begin_view.view, begin_view.version) is not null then
        raise exception 'view %@% is registered already: it has begun',
            pg_catalog.left(begin_view.view, 80), begin_view.version
            using errcode = 'BT071';
    end if;
    insert into late_view (view, version, position)
    values (begin_view.view, begin_view.version, log_beginning())
    on conflict (view, version) do update set position = excluded.position;
    return log_beginning();
end;
$$;
