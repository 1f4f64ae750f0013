-- effects_fault: what is wrong with the function for effects of a SQL reducer. Internal, part of
-- its registration.
--
-- Arguments   name, version: of the reducer.
-- Returns     a clause to follow the function's name; '' if it is as it must be; null if there is
--             none.
-- Raises      what the function raises where there is no event.
-- Access: orchestrate
create or replace function effects_fault(name text, version integer)
returns text
language plpgsql
volatile
set search_path from current
as $$
declare
    called constant text := name || '__v'::text || version::text || '_effects'::text;
    known  constant text[] := array(
        select a.attname::text
          from pg_attribute a
         where a.attrelid = (select t.typrelid from pg_type t where t.oid = 'effect'::regtype)
           and a.attnum > 0 and a.attname not in ('event_id', 'ordinal'));
    fn     pg_proc;
    shown  jsonb;
    strange text;
begin
    select p.* into fn from pg_proc p
     where p.pronamespace = current_schema()::regnamespace and p.proname = called
     limit 1;
    if not found then
        return null;
    end if;
    if fn.pronargs > 0 or not fn.proretset then
        return 'takes no arguments and returns a table: returns table (cause bigint, task text, '
               'payload jsonb)';
    end if;
    if fn.provolatile = 'v' then
        return 'must be declared stable, which keeps it from writing: what it returns is written '
               'for it';
    end if;
    -- A row without an event, which has all columns.
    execute pg_catalog.format('select to_jsonb(r) from (select f.* from (values (1)) as one '
                              'left join (select * from %I() limit 0) as f on true) as r', called)
       into shown;
    select k into strange
      from pg_catalog.jsonb_object_keys(shown) as k
     where k <> all (known)
     limit 1;
    return case
        when strange is not null then pg_catalog.format(
            'returns a column %s; an effect has %s', strange,
            pg_catalog.array_to_string(known, ', '))
        when not shown ? 'cause'
            then 'returns no column cause, the position of the event that it follows from'
        when not shown ?| array['task', 'event', 'open_task_set', 'touch_task_set']
            then 'returns none of the columns task, event, open_task_set, touch_task_set'
        else '' end;
end;
$$;
