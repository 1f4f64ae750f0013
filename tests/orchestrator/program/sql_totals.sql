--! reducer sql_totals version 1
-- What account_totals keeps, as a SQL reducer, with three ways for an event to make it fail:
-- {"divisor": 0}, {"raise": "text"}, and a user's own constraint on the table.
create table sql_totals__v1 (
    account  text   not null,
    events   bigint not null,
    total    bigint not null,
    position bigint not null,
    primary key (account)
);

create function sql_totals__v1() returns void
language plpgsql
as $$
declare
    message text;
begin
    select e.payload ->> 'raise' into message
      from batch_event e
     where e.type = 'account/moved' and e.payload ? 'raise'
     order by e.position
     limit 1;
    if found then
        raise exception '%', message;
    end if;

    insert into sql_totals__v1 as v (account, events, total, position)
    select e.payload ->> 'account', count(*),
           sum((e.payload ->> 'amount')::bigint / coalesce((e.payload ->> 'divisor')::bigint, 1)),
           max(e.position)
      from batch_event e
     where e.type = 'account/moved'
     group by e.payload ->> 'account'
        on conflict (account) do update
       set events = v.events + excluded.events,
           total = v.total + excluded.total,
           position = excluded.position;
end;
$$;
