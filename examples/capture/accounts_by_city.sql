--! reducer accounts_by_city version 1
-- How many accounts there are in each city, by the changes of a captured table (README.md).
create table accounts_by_city__v1 (
    city     text   primary key,
    accounts bigint not null,
    position bigint not null
);

create function accounts_by_city__v1() returns void language plpgsql as $$
declare
    emptied bigint := (select coalesce(max(e.position), 0)
                         from batch_event e
                        where e.type = 'account/changed' and e.payload ->> 'op' = 'truncate');
begin
    if emptied > 0 then
        delete from accounts_by_city__v1;
    end if;
    insert into accounts_by_city__v1 as v (city, accounts, position)
    select side.city, sum(side.change), max(e.position)
      from batch_event e
     cross join lateral (values (e.payload -> 'after' ->> 'city', 1),
                                (e.payload -> 'before' ->> 'city', -1)) as side (city, change)
     where e.type = 'account/changed' and e.position > emptied and side.city is not null
     group by side.city
    on conflict (city) do update
       set accounts = v.accounts + excluded.accounts,
           position = excluded.position;
end;
$$;
