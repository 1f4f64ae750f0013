--! reducer category_sales version 2
-- The next version of the categories: net of the discount, and with a column that says how much it
-- was.

create table category_sales__v2 (
    category     text    not null,
    sub_category text    not null,
    lines        bigint  not null,
    quantity     bigint  not null,
    sales        numeric not null,
    profit       numeric not null,
    discounts    numeric not null,
    position     bigint  not null,

    primary key (category, sub_category)
);

create function category_sales__v2()
returns void
language sql
volatile
set search_path from current
as $$
    insert into category_sales__v2 as total
    select line.category, line.sub_category, count(*), sum(line.quantity)::bigint,
           sum(line.sales - line.sales * line.discount),
           sum(line.profit - line.sales * line.discount), sum(line.sales * line.discount),
           max(e.position)
      from batch_event as e
     cross join jsonb_to_recordset(e.payload -> 'lines') as line (
               category text, sub_category text, quantity bigint, sales numeric, discount numeric,
               profit numeric)
     where e.type = 'order/placed'
     group by line.category, line.sub_category
        on conflict (category, sub_category) do update
       set lines     = total.lines     + excluded.lines,
           quantity  = total.quantity  + excluded.quantity,
           sales     = total.sales     + excluded.sales,
           profit    = total.profit    + excluded.profit,
           discounts = total.discounts + excluded.discounts,
           position  = excluded.position;
$$;
