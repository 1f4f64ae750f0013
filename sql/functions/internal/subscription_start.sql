-- subscription_start: from which position on a handler wants the events of its types. Internal:
-- carry_handlers().
--
-- Arguments   handler: {"name": ..., "from": 1}.
-- Returns     a position; null: from the end of the log on.
-- Raises      BT042 from is no position.
create or replace function subscription_start(handler jsonb)
returns bigint
language plpgsql
immutable
set search_path from current
as $$
declare
    said constant text := subscription_start.handler ->> 'from';
begin
    if said is null then
        return null;
    end if;
    if pg_catalog.jsonb_typeof(subscription_start.handler -> 'from') <> 'number'
       or said !~ '^[1-9][0-9]{0,17}$' then
        raise exception 'the subscription of handler % can begin at a position from 1 on, not at %',
            coalesce(pg_catalog.left(subscription_start.handler ->> 'name', 128), 'null'),
            pg_catalog.left(said, 40)
            using errcode = 'BT042';
    end if;
    return said::bigint;
end;
$$;
