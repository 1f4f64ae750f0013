--! reducer category_sales version 1
-- A reducer without any C++: a table and a function, both named <view>__v<version>.
--
-- The function takes no arguments. It is called once for each batch of the log, sees the batch's
-- events in the view batch_event, and folds them as a set, in the transaction that also notes how
-- far the log has been read: each event is folded exactly once.
--
-- Whoever reads the view sees category_sales: these columns, without the position.

create table category_sales__v1 (
    category     text    not null,
    sub_category text    not null,
    lines        bigint  not null,
    quantity     bigint  not null,
    sales        numeric not null,
    profit       numeric not null,
    position     bigint  not null,  -- in the log, of the event that last changed the row

    primary key (category, sub_category)
);

create function category_sales__v1()
returns void
language sql
volatile
set search_path from current
as $$
    insert into category_sales__v1 as total
    select line.category, line.sub_category, count(*), sum(line.quantity)::bigint, sum(line.sales),
           sum(line.profit), max(e.position)
      from batch_event as e
     cross join jsonb_to_recordset(e.payload -> 'lines') as line (
               category text, sub_category text, quantity bigint, sales numeric, profit numeric)
     where e.type = 'order/placed'
     group by line.category, line.sub_category
        on conflict (category, sub_category) do update
       set lines    = total.lines    + excluded.lines,
           quantity = total.quantity + excluded.quantity,
           sales    = total.sales    + excluded.sales,
           profit   = total.profit   + excluded.profit,
           position = excluded.position;
$$;
