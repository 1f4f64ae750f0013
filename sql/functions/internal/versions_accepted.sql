-- versions_accepted: the versions whose tasks a version of a handler says that it can do, too.
-- Internal: carry_handlers().
--
-- Arguments   handler: {"name": ..., "accepts_from": [1, 2]}.
-- Returns     them in order, each once.
-- Raises      BT042 accepts_from is no array of versions.
create or replace function versions_accepted(handler jsonb)
returns integer[]
language plpgsql
immutable
set search_path from current
as $$
begin
    if pg_catalog.jsonb_typeof(coalesce(versions_accepted.handler -> 'accepts_from', '[]'))
           <> 'array'
       or exists (select from pg_catalog.jsonb_array_elements(
                                  versions_accepted.handler -> 'accepts_from') as v
                   where v::text !~ '^[1-9][0-9]{0,8}$')
    then
        raise exception 'accepts_from of handler % is no array of versions, as [1, 2]',
            coalesce(pg_catalog.left(versions_accepted.handler ->> 'name', 128), 'null')
            using errcode = 'BT042';
    end if;
    return array(select distinct v::text::integer
                   from pg_catalog.jsonb_array_elements(
                            versions_accepted.handler -> 'accepts_from') as v
                  order by 1);
end;
$$;
