-- freeze_inputs: keep the rows of views as they are at the end of the log. Internal: open_set().
--
-- One statement, so the position and all rows are those of one snapshot: a batch writes its views
-- in the transaction in which it moves the log's end.
--
-- Arguments   task_set: for which. views: live ones.
-- Returns     the position.
-- Raises      BT023 there is no such view. BT023 its rows are not at the end of the log: it is
--             halted, or being caught up.
-- Tables      view_state: read. task_set_input: insert. The views: read.
create or replace function freeze_inputs(task_set bigint, views text[])
returns bigint
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    frozen     text;
    unfit      text;
    end_of_log bigint;
begin
    if cardinality(freeze_inputs.views) = 0 then
        return log_end();
    end if;
    select string_agg(pg_catalog.format(
               'select %L::text, row_number() over (), to_jsonb(r) from (%s) as r',
               i.view, q.query),
               ' union all ')
      into frozen
      from (select distinct v.view from pg_catalog.unnest(freeze_inputs.views) as v (view)) as i
     cross join lateral view_query(i.view) as q;
    execute pg_catalog.format(
        'with kept as (insert into task_set_input (task_set, view, ordinal, row) '
        'select $1, f.* from (%s) as f (view, ordinal, row)) '
        'select log_end(), (select s.view from view_state s where s.view = any ($2) '
        'and s.state <> ''following'' limit 1)', frozen)
       into end_of_log, unfit
      using freeze_inputs.task_set, freeze_inputs.views;
    if unfit is not null then
        raise exception 'view % does not stand at the end of the log: see `baton status`', unfit
            using errcode = 'BT023';
    end if;
    return end_of_log;
end;
$$;
