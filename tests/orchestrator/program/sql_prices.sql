--! reducer sql_prices version 1
--! event price/changed version 1
-- The newest price of each item, by a reducer that knows the first schema version only.
create table sql_prices__v1 (
    item     text   not null,
    cents    bigint not null,
    position bigint not null,
    primary key (item)
);

create function sql_prices__v1() returns void
language sql
as $$
    insert into sql_prices__v1 (item, cents, position)
    select distinct on (e.payload ->> 'item')
           e.payload ->> 'item', (e.payload ->> 'euros')::bigint * 100, e.position
      from batch_event e
     where e.type = 'price/changed'
     order by e.payload ->> 'item', e.position desc
        on conflict (item) do update
       set cents = excluded.cents, position = excluded.position;
$$;
