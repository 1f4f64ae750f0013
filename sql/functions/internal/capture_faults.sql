-- capture_faults: which captures are not as their tables are. Internal: captures(),
-- check_captures(), capture_problems().
--
-- Returns     fault, fix: for people. is_loss: changes are missed, or a part of them.
-- Tables      capture: read.
create or replace function capture_faults()
returns table (capture bigint, is_loss boolean, fault text, fix text)
language sql
stable
set search_path from current
as $$
    with known as (
        select k.id, k.condition, captured_table(k.id) as relation, capture_function(k.id) as fn,
               pg_catalog.format('%I.%I', k.table_schema, k.table_name) as name, k.event_type
          from capture k
    )
    select k.id, true,
           pg_catalog.format('table %s, whose changes are to be events of type %s, is gone, or its '
                             'triggers are', k.name, k.event_type),
           pg_catalog.format('baton capture remove ''%s'' --type %s, and add what there is now',
                             k.name, k.event_type)
      from known k where k.relation is null
     union all
    select k.id, c.type_id is null,
           pg_catalog.format('column %s of %s, which events of type %s show, is %s', c.former_name,
               k.relation::regclass, k.event_type, case
               when c.type_id is null then 'gone'
               when c.column_name <> c.former_name
               then 'called ' || c.column_name || ' now; its field is ' || c.field || ' as before'
               else 'of type ' || pg_catalog.format_type(c.type_id, null) || ' now' end),
           case when c.type_id is null
                then pg_catalog.format('baton capture remove ''%s'' --type %s, and add it without '
                                       'that column', k.relation::regclass, k.event_type)
                else pg_catalog.format('baton capture refresh ''%s''', k.relation::regclass) end
      from known k
     cross join lateral capture_columns(k.id, k.relation) as c
     where (c.is_shown or c.key_place is not null)
       and (c.type_id is null or c.column_name <> c.former_name
            or pg_catalog.format_type(c.type_id, null) <> c.former_type)
     union all
    select k.id, true,
           pg_catalog.format('changes by %s of %s make no events of type %s: %s', w.operation,
                             p.id::regclass, k.event_type,
                             case when t.oid is null then 'it has no trigger for them'
                                  else 'the trigger is disabled' end),
           case when t.oid is null
                then pg_catalog.format('baton capture refresh ''%s''', k.relation::regclass)
                else pg_catalog.format('alter table %s enable trigger %I', p.id::regclass, t.tgname)
                end
      from known k
     cross join lateral captured_tables(k.relation) as p (id)
     cross join (values ('insert'), ('update'), ('delete'), ('truncate')) as w (operation)
      left join pg_trigger t on t.tgrelid = p.id and t.tgfoid = k.fn
                            and t.tgname::text = capture_trigger(k.id, w.operation)
     where k.relation is not null and (t.oid is null or t.tgenabled not in ('O', 'A'))
     union all
    select k.id, true,
           pg_catalog.format('a subscription writes to %s, and what logical replication applies '
                             'makes no events of type %s', p.id::regclass, k.event_type),
           'capture it where it is written'
      from known k
     cross join lateral captured_tables(k.relation) as p (id)
     where exists (select from pg_subscription_rel s where s.srrelid = p.id);
$$;
