-- capture_table: from now on each change of a table is an event, dispatched in the transaction that
-- makes it. For the environment's owner.
--
-- A statement that changes rows dispatches their events at once, as it ends; docs/capture.md says
-- what of, and what each way to write comes to. Whoever writes to the table needs no right here.
--
-- Arguments
--   relation    the table: 'orders', 'shop."Order"'. Without a schema it is that in public.
--   event_type  of the events: 'order/changed'.
--   columns     what events may show: names of columns, or '{*}' for all that there are now; what
--               is added later is not shown. None: only that a row changed, and which.
--   condition   SQL over old and new, rows whose columns are called as those of the table are now:
--               what is not true makes no event. Null: whatever changed does.
--   key         the columns that say which row it is; null: the primary key.
--   key_prefix  stands before the key's text: 'order/'.
--   has_old     show former values, too.
--   oversize    'refuse': a statement fails whose event would be larger than the limit.
--               'drop-field': the largest fields stay away.
-- Returns   the capture's id. capture_<id>() is the function of its triggers.
-- Raises    BT061 it cannot be, and why. BT040 nobody knows the type. BT001, BT002 see dispatch().
--           42501 the current role is not the environment's owner, or may not put triggers on it.
-- Locks     the table, and its parts, against writers, until the transaction ends. Waits for each
--           no longer than lock_timeout.
-- Tables    capture: insert.
create or replace function capture_table(
    relation   text,
    event_type text,
    columns    text[],
    condition  text    default null,
    key        text[]  default null,
    key_prefix text    default '',
    has_old    boolean default false,
    oversize   text    default 'refuse'
)
returns bigint
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    id     constant oid := require_table(capture_table.relation);
    known  text;
    shown  text[];
    keyed  text[];
    made   bigint;
begin
    perform require_rows();
    perform require_capturer();
    perform refuse_capture(id);
    if capture_table.oversize in ('refuse', 'drop-field') is not true
       or capture_table.columns is null or capture_table.has_old is null
       or capture_table.key_prefix is null then
        raise exception 'a capture is not as it must be: name columns, or ''*'' for all that there '
            'are now; oversize is refuse or drop-field'
            using errcode = 'BT061';
    end if;
    known := capture_table.event_type::event_type;
    shown := array(select pg_catalog.unnest(case when '*' = any (capture_table.columns)
                                                 then captured_names(id)
                                                 else capture_table.columns end));
    keyed := coalesce(nullif(capture_table.key, '{}'), captured_key(id));
    perform refuse_column(id, c.name) from pg_catalog.unnest(shown || keyed) as c (name);
    if keyed is null then
        raise exception '% has no primary key: say which columns tell its rows apart (key)',
            id::regclass
            using errcode = 'BT061';
    end if;
    insert into capture (event_type, table_id, table_schema, table_name, columns, fields,
                         key_fields, key_prefix, condition, has_old, oversize)
    select known, id, n.nspname, c.relname, captured_columns(id), shown, keyed,
           capture_table.key_prefix, nullif(pg_catalog.btrim(capture_table.condition), ''),
           capture_table.has_old, capture_table.oversize
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.oid = id
        on conflict do nothing
    returning capture.id into made;
    if made is null then
        raise exception 'the changes of % are events of type % already: take that capture away '
            'first (baton capture remove)', id::regclass, capture_table.event_type
            using errcode = 'BT061';
    end if;
    perform try_capture(made, id);
    perform make_capture(made, id);
    return made;
end;
$$;
