-- refuse_unknown_type: raise that nobody knows an event's type, unless it is known otherwise than
-- by its name. Internal: require_known_type().
--
-- A SQL reducer may read what is like a pattern; one that reads whatever there is makes no type
-- known, else no mistake was ever found. Rows that are copied from another database (logical
-- replication) were dispatched there. Where a version is kept whose types are not known here, which
-- a program of before registered, nothing is refused: it may read this. What a table is captured as
-- was known when that was asked for, and its writers are not to fail when nobody reads it any more.
-- Who writes into a partition itself restores a dump, as nobody else may; that is told what to do
-- about that.
--
-- Arguments  type: that is in neither table as it is.
-- Returns    true, if it is known.
-- Raises     BT040 it is not.
-- Tables     event_type_reader, capture: read.
create or replace function refuse_unknown_type(type text)
returns boolean
language plpgsql
stable
security definer
set search_path from current
as $$
#variable_conflict use_column
declare
    near text;
begin
    if current_setting('session_replication_role') = 'replica'
       or exists (select from event_type_reader r
                   where pg_catalog.strpos(r.type, '%') > 0 and r.type !~ '^%+$'
                     and refuse_unknown_type.type like r.type)
       or exists (select from capture k where k.event_type = refuse_unknown_type.type)
       or exists (select from kept_without_types())
    then
        return true;
    end if;
    if current_query() ~* ('^[[:space:]]*(copy|insert into)[[:space:]]+([^[:space:]]*[.])?'
                           'event_(from_[0-9]+|default)[^a-z0-9_]')
    then
        raise exception 'event type "%" is not known here; to restore data alone, set '
            'session_replication_role = replica in the session; else restore the dump whole, or '
            'section by section (docs/operations.md)', refuse_unknown_type.type
            using errcode = 'BT040';
    end if;
    near := nearest_event_type(refuse_unknown_type.type);
    raise exception 'event type "%" is not known here%register a reducer that reads it, or '
        'declare it: select declare_event_types(array[%])',
        refuse_unknown_type.type,
        case when near is not null then '; did you mean "' || near || '"? If not, '
             when not exists (select from event_type_reader)
             then ', and no program has registered a reducer yet; ' else '; ' end,
        pg_catalog.quote_literal(refuse_unknown_type.type)
        using errcode = 'BT040';
end;
$$;
