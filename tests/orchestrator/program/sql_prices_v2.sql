--! reducer sql_prices version 2
-- The next version, with an upcaster of its own instead of a declaration: it refuses what it does
-- not know itself.
create table sql_prices__v2 (
    item     text   not null,
    cents    bigint not null,
    position bigint not null,
    primary key (item)
);

create function sql_prices__v2_cents(event batch_event) returns bigint
language plpgsql
immutable
as $$
begin
    case event.schema_version
        when 1 then return (event.payload ->> 'euros')::bigint * 100;
        when 2 then return (event.payload ->> 'cents')::bigint;
        else raise exception 'price/changed has schema version %, sql_prices@2 knows 1 to 2',
                event.schema_version
                using errcode = 'BT036';
    end case;
end;
$$;

create function sql_prices__v2() returns void
language sql
as $$
    insert into sql_prices__v2 (item, cents, position)
    select distinct on (e.payload ->> 'item')
           e.payload ->> 'item', sql_prices__v2_cents(e), e.position
      from batch_event e
     where e.type = 'price/changed'
     order by e.payload ->> 'item', e.position desc
        on conflict (item) do update
       set cents = excluded.cents, position = excluded.position;
$$;
