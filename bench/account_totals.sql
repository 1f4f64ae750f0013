--! reducer account_totals_sql version 1
-- The totals of each account, as payments.hpp keeps them in C++.
create table account_totals_sql__v1 (
    account  bigint primary key,
    payments bigint not null,
    amount   bigint not null,
    position bigint not null
);

create function account_totals_sql__v1() returns void
language sql
as $$
    insert into account_totals_sql__v1 as v (account, payments, amount, position)
    select (payload ->> 'account')::bigint, count(*), sum((payload ->> 'amount')::bigint),
           max(position)
      from batch_event
     where type = 'payment/made'
     group by 1
        on conflict (account) do update
       set payments = v.payments + excluded.payments, amount = v.amount + excluded.amount,
           position = excluded.position;
$$;
