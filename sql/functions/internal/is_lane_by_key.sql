-- is_lane_by_key: whether the key of an event is the lane of its task, as a handler says. Internal:
-- carry_handlers().
--
-- Arguments   handler: {"name": ..., "lane": "key"}.
-- Raises      BT042 lane is something else.
create or replace function is_lane_by_key(handler jsonb)
returns boolean
language plpgsql
immutable
set search_path from current
as $$
begin
    if (is_lane_by_key.handler -> 'lane') not in ('null', '"key"') then
        raise exception 'the lane of handler % can be "key" or null, not %',
            coalesce(pg_catalog.left(is_lane_by_key.handler ->> 'name', 128), 'null'),
            pg_catalog.left(is_lane_by_key.handler ->> 'lane', 40)
            using errcode = 'BT042';
    end if;
    return is_lane_by_key.handler ->> 'lane' is not null;
end;
$$;
