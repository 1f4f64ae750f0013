--! reducer payments_by_day version 1
create table payments_by_day__v1 (
    day      date    primary key,
    payments bigint  not null,
    total    numeric not null,
    position bigint  not null
);

create function payments_by_day__v1() returns void language sql as $$
    insert into payments_by_day__v1 as v (day, payments, total, position)
    select e.dispatched_at::date, count(*), sum((e.payload ->> 'amount')::numeric), max(e.position)
      from batch_event e
     where e.type = 'payment/received'
     group by 1
    on conflict (day) do update
       set payments = v.payments + excluded.payments,
           total    = v.total + excluded.total,
           position = excluded.position
$$;
