-- open_past_view: a table in which this session folds a view anew, up to a position of the past.
-- Internal, for time travel.
--
-- The table is temporary and has the name of the version's own, so that with pg_temp first in the
-- session's search_path everything that works on the view works on this instead. It begins with the
-- newest snapshot that is of use, or empty.
--
-- Arguments   view, version. at: the position that is meant to be reached. columns: of a C++
--             reducer that carries this version; null: those of the table that is registered.
--             from_snapshot: whether the rows that were kept of this version are of use.
-- Returns     the position of the rows that the table begins with; 0 where it is empty.
-- Raises      BT071 the events that it takes were dropped by retention, and no rows are kept to
--             begin with.
--             BT034 there is no such version here, and no columns are given.
-- Creates     temporary table <view>__v<version>.
-- Tables      view_snapshot, reducer_version, and a snapshot's: read.
-- Access: orchestrate
create or replace function open_past_view(
    view text, version integer, at bigint, columns jsonb default null,
    from_snapshot boolean default true)
returns bigint
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    table_name text := pg_catalog.format('%I', view || '__v' || version::text);
    kept       view_snapshot;
    names      text;
begin
    if open_past_view.columns is not null then
        execute pg_catalog.format('create temporary table %s %s', table_name,
                                  view_table(open_past_view.columns));
    elsif to_regclass(pg_catalog.format('%I.%s', current_schema(), table_name)) is not null then
        execute pg_catalog.format('create temporary table %s (like %I.%1$s including all)',
                                  table_name, current_schema());
    else
        raise exception 'view % has no version % here', open_past_view.view, open_past_view.version
            using errcode = 'BT034';
    end if;
    if not open_past_view.from_snapshot then
        perform is_log_kept(0, pg_catalog.format('%s@%s is folded from the first event',
                                                  open_past_view.view, open_past_view.version));
        return 0;
    end if;
    select s.* into kept
      from view_snapshot s
      join reducer_version r on r.name = s.view and r.version = s.version and r.build = s.build
     where s.view = open_past_view.view and s.version = open_past_view.version
       and s.position between log_beginning() and open_past_view.at
     order by s.position desc
     limit 1;
    if not found then
        return past_beginning(open_past_view.view, open_past_view.version, open_past_view.at);
    end if;
    select string_agg(pg_catalog.format('%I', a.attname), ', ') into names
      from pg_attribute a
      join pg_attribute k on k.attname = a.attname and k.attnum > 0 and not k.attisdropped
                         and k.attrelid = pg_catalog.format(
                                 '%I.%I', current_schema(),
                                 'view_snapshot_' || kept.id::text)::regclass
     where a.attrelid = ('pg_temp.' || table_name)::regclass and a.attnum > 0
       and not a.attisdropped and a.attgenerated = '';
    execute pg_catalog.format('insert into pg_temp.%1$s (%2$s) select %2$s from %3$I.%4$I',
                              table_name, names, current_schema(),
                              'view_snapshot_' || kept.id::text);
    execute pg_catalog.format('analyze pg_temp.%s', table_name);
    return kept.position;
end;
$$;
