-- dispatch_many: append several events, in the order of the array.
--
-- Arguments
--   events  a JSON array of objects with the fields type, payload, key, tenant, meta, dispatch_id
--           and schema_version, as the arguments of dispatch(). For more than some thousand events
--           COPY into event (type, key, tenant, payload, meta, schema_version) is faster; call
--           ring() after it.
-- Returns   the ids, in the same order.
-- Raises    BT001 (also for an unknown field or an element that is no object), BT002, BT003, BT004.
-- Tables    as dispatch().
-- Access: dispatch, orchestrate
create or replace function dispatch_many(events jsonb)
returns setof bigint
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
    element jsonb;
    unknown text;
begin
    if jsonb_typeof(events) is distinct from 'array' then
        raise exception 'dispatch_many takes a JSON array of events, not %',
            coalesce(jsonb_typeof(events), 'null')
            using errcode = 'BT001';
    end if;

    for element in select value from jsonb_array_elements(events) loop
        if jsonb_typeof(element) <> 'object' then
            raise exception 'dispatch_many: an event is an object, not %', jsonb_typeof(element)
                using errcode = 'BT001';
        end if;
        select field into unknown
          from jsonb_object_keys(element) as field
         where field not in ('type', 'payload', 'key', 'tenant', 'meta', 'dispatch_id',
                             'schema_version');
        if found then
            raise exception 'dispatch_many: unknown field "%"; an event has type, payload, key, '
                'tenant, meta, dispatch_id, schema_version',
                unknown
                using errcode = 'BT001';
        end if;
        -- As text they could be larger than the server can make them.
        select field.key into unknown
          from jsonb_each(element) as field
         where field.key not in ('payload', 'meta')
           and jsonb_typeof(field.value) in ('array', 'object');
        if found then
            raise exception 'dispatch_many: % is %', unknown,
                case unknown when 'dispatch_id' then 'no uuid'
                             when 'schema_version' then 'no whole number from 1 to 32767'
                             else 'no text' end
                using errcode = 'BT001';
        end if;
        if element ->> 'dispatch_id' !~*
           '^([{]([0-9a-f]{4}-?){7}[0-9a-f]{4}[}]|([0-9a-f]{4}-?){7}[0-9a-f]{4})$'
        then
            raise exception 'dispatch_many: dispatch_id is no uuid'
                using errcode = 'BT001';
        end if;
        if element ->> 'schema_version' !~ '^-?[0-9]{1,9}$' then
            raise exception 'dispatch_many: schema_version is no whole number from 1 to 32767'
                using errcode = 'BT001';
        end if;
        return next dispatch(
            element ->> 'type', coalesce(element -> 'payload', '{}'), element ->> 'key',
            element ->> 'tenant', nullif(element -> 'meta', 'null'),
            (element ->> 'dispatch_id')::uuid,
            coalesce((element ->> 'schema_version')::integer, 1));
    end loop;
end;
$$;
