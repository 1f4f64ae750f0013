-- require_workflow_step: raise what is wrong with a step as it was told. Internal:
-- workflow_step_of().
--
-- Arguments   told, ordinal, former: see workflow_step_of().
-- Raises      BT064.
create or replace function require_workflow_step(told jsonb, ordinal integer, former text[])
returns void
language plpgsql
immutable
set search_path from current
as $$
declare
    number  constant text := 'step ' || (require_workflow_step.ordinal + 1)::text;
    allowed jsonb;
    fault   text;
    strange text;
begin
    if pg_catalog.jsonb_typeof(told) is distinct from 'object' then
        perform refuse_workflow(number || ' is no JSON object');
    end if;
    if (told ? 'handler')::integer + (told ? 'sleep')::integer + (told ? 'event')::integer <> 1 then
        perform refuse_workflow(number || ' is one of three: it has a handler, a sleep, or an '
                                || 'event');
    end if;
    -- What each kind may have, and of which JSON type that is.
    allowed := '{"name": "string", "after": "array"}'::jsonb || case
        when told ? 'handler' then
            '{"handler": "string", "version": "number", "labels": "array", "each": "string",
              "undo": "string", "undo_version": "number"}'::jsonb
        when told ? 'sleep' then '{"sleep": "string"}'::jsonb
        else '{"event": "string", "key_of": "string", "since": "string", "deadline": "string",
               "at_deadline": "string"}'::jsonb end;
    select k.key into strange
      from pg_catalog.jsonb_each(told) as k (key, value)
     where allowed ->> k.key is distinct from pg_catalog.jsonb_typeof(k.value)
     order by k.key limit 1;
    fault := case
        when strange is not null and allowed ? strange
        then pg_catalog.format('its %s has to be a JSON %s', strange, allowed ->> strange)
        when strange is not null
        then pg_catalog.format('it has no field %s: such a step has %s',
            pg_catalog.quote_literal(pg_catalog.left(strange, 40)),
            (select string_agg(k.name, ', ' order by k.name)
               from pg_catalog.jsonb_object_keys(allowed) as k (name)))
        when coalesce(octet_length(told ->> 'name'), 1) not between 1 and 128
        then 'its name has 1 to 128 bytes'
        when coalesce(told ->> 'name', told ->> 'handler', number) = any (former)
        then pg_catalog.format('a step before it is called %s, too; give it another name',
                               coalesce(told ->> 'name', told ->> 'handler', number))
        when exists (select from pg_catalog.jsonb_array_elements(coalesce(told -> 'after', '[]'))
                             as a (name)
                      where pg_catalog.jsonb_typeof(a.name) <> 'string'
                         or (a.name #>> '{}') <> all (former))
        then 'after names steps that stand before it'
        when coalesce(told ->> 'version', '1') !~ '^[1-9][0-9]{0,8}$'
             or coalesce(told ->> 'undo_version', '1') !~ '^[1-9][0-9]{0,8}$'
        then 'a version is a whole number of at least 1'
        when told ? 'undo_version' and not told ? 'undo' then 'it has an undo_version and no undo'
        when coalesce(told ->> 'since', 'run') not in ('run', 'step') then 'since is run or step'
        when coalesce(told ->> 'at_deadline', 'fail') not in ('fail', 'continue')
        then 'at_deadline is fail or continue'
        when told ? 'at_deadline' and not told ? 'deadline'
        then 'it has an at_deadline and no deadline' end;
    if fault is not null then
        perform refuse_workflow(number || ': '::text || fault);
    end if;
end;
$$;
