--! reducer sql_alerts version 1
-- account_alerts, as far as SQL can say it: what follows sees the rows as a batch left them.
create table sql_alerts__v1 (account text primary key, moves bigint not null,
                             position bigint not null);

create function sql_alerts__v1() returns void language sql as $$
    insert into sql_alerts__v1 as v
    select e.payload ->> 'account', count(*), max(e.position)
      from batch_event e
     where e.type = 'account/moved'
     group by 1
        on conflict (account) do update
       set moves = v.moves + excluded.moves, position = excluded.position;
$$;

create function sql_alerts__v1_effects()
returns table (cause bigint, task text, event text, key text, payload jsonb, lane text)
language sql stable as $$
    select e.position, 'report', null, null, e.payload, e.payload ->> 'account'
      from batch_event e
     where e.type = 'account/moved'
     union all
    select e.position, null, 'report/asked', e.payload ->> 'account',
           jsonb_build_object('sequence', e.payload -> 'sequence')
             || case when (e.payload ->> 'amount')::bigint = -669
                     then jsonb_build_object('pad', repeat('x', 2000000)) else '{}' end,
           null
      from batch_event e
     where e.type = 'account/moved' and (e.payload ->> 'sequence')::bigint % 5 = 0
     order by 1
$$;
