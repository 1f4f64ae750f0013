-- show_task_set_view: (re)make the view that shows the rows of the published task sets of a
-- handler. Internal: make_task_set_view().
--
-- Which set of a key is shown is a row of task_set_shown, so to publish one is to change that row:
-- readers see it by their snapshot. The view keeps every column that it ever had, and new ones come
-- last; of a version that lacks one it is null.
--
-- Arguments   view: its name.
-- Grants      select on the view to the group role _observe, if there is one.
-- Raises      BT013 a column has another type in another version.
-- Locks       the view, exclusively.
-- Tables      task_set_view, task_set_shown: read.
create or replace function show_task_set_view(view text)
returns void
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    observers constant name := current_schema() || '_observe';
    names     text[] := '{}';
    types     text[] := '{}';
    said      record;
    branches  text;
begin
    for said in
        select c ->> 'name' as name, v.version, c ->> 'type' as type
          from task_set_view v
         cross join lateral jsonb_array_elements(v.columns) with ordinality as e (c, n)
         where v.view = show_task_set_view.view
         order by v.version, n
    loop
        if said.name <> all (names) then
            names := names || said.name;
            types := types || said.type;
        elsif said.type <> types[pg_catalog.array_position(names, said.name)] then
            raise exception 'view % shows column % as %, and version % makes it %: give the column '
                'another name', show_task_set_view.view, said.name,
                types[pg_catalog.array_position(names, said.name)], said.version, said.type
                using errcode = 'BT013';
        end if;
    end loop;
    select string_agg(pg_catalog.format(
               'select %s from %I where task_set in '
               '(select s.task_set from task_set_shown s where s.handler = %L and s.version = %s)',
               (select string_agg(case when v.columns @> pg_catalog.jsonb_build_array(
                                                  pg_catalog.jsonb_build_object('name', c.name))
                                       then pg_catalog.quote_ident(c.name)
                                       else pg_catalog.format('null::%s as %I', c.type, c.name) end,
                                  ', ' order by c.n)
                  from unnest(names, types) with ordinality as c (name, type, n)),
               v.view || '__v' || v.version::text, v.handler, v.version), ' union all '
               order by v.version)
      into branches
      from task_set_view v
     where v.view = show_task_set_view.view;
    execute pg_catalog.format('create or replace view %I as %s', show_task_set_view.view, branches);
    if to_regrole(pg_catalog.quote_ident(observers)) is not null then
        execute pg_catalog.format('grant select on %I to %I', show_task_set_view.view, observers);
    end if;
    execute pg_catalog.format('revoke all on type %I from public', show_task_set_view.view);
end;
$$;
