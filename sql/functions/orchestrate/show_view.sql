-- show_view: (re)make the public view, which shows the live version of a view. Internal.
--
-- A view of which there was never more than one version is that version's table. Else it is the
-- tables of all versions that have rows, each behind the question whether it is the live one, which
-- the executor asks once for each statement and not for each row. So a switch is the update of a
-- row: readers see it as they see any other, by their snapshot; it waits for none of them, and none
-- waits for it. (A view that were replaced at the switch would show a transaction that began before
-- it the new version's rows as of then.) A snapshot from before a switch whose former version is
-- gone is refused: the text that says so is no boolean (22P02).
--
-- Where tenants are kept apart (set_tenants()), and the view has a column tenant, the session of a
-- tenant finds its own rows: view_of_tenants().
--
-- The public view keeps every column that it ever had, in their order, and new ones come last: what
-- refers to it goes on working. A column that the live version lacks is null.
--
-- Arguments   view: its name. version: which one it is made for; another build whose columns do not
--             fit is left out, null: any.
-- Grants      select on the view to the group role _observe, if there is one.
-- Raises      BT013 the version, or the live one, has a column of another type than the public
--             view.
-- Locks       the public view, exclusively: for 20 ms at most it waits for those who read it (and
--             lets others wait), then fails (55P03) and can be tried again.
-- Tables      view_state, view_build, reducer_version, tenancy: read.
-- Access: orchestrate
create or replace function show_view(view text, version integer default null)
returns void
language plpgsql
volatile
set search_path from current
set lock_timeout = '20ms'
as $$
#variable_conflict use_column
declare
    public_view regclass := to_regclass(pg_catalog.format('%I.%I', current_schema(), view));
    versions    integer[];
    is_switched boolean;
    names       text[];
    types       text[];
    clash       record;
    branches    text;
begin
    select pg_catalog.array_agg(v.version order by v.version) into versions
      from (select s.version from view_state s where s.view = show_view.view
             union
            select b.version from view_build b where b.view = show_view.view) as v;
    -- Other versions may have been live before, and snapshots of that time may be in use.
    is_switched := (select count(*) > 1 from reducer_version r where r.name = show_view.view)
                   or not exists (select from view_state s where s.view = show_view.view);

    select pg_catalog.array_agg(a.attname::text order by a.attnum),
           pg_catalog.array_agg(pg_catalog.format_type(a.atttypid, a.atttypmod) order by a.attnum)
      into names, types
      from pg_attribute a
     where a.attrelid = public_view and a.attnum > 0 and not a.attisdropped;
    names := coalesce(names, '{}');
    types := coalesce(types, '{}');
    for clash in
        select c.attname::text as name, r.version,
               pg_catalog.format_type(c.atttypid, c.atttypmod) as type
          from pg_catalog.unnest(versions) as r (version)
          join pg_attribute c
            on c.attrelid = to_regclass(pg_catalog.format(
                   '%I.%I', current_schema(), show_view.view || '__v' || r.version::text))
           and c.attnum > 0 and not c.attisdropped and c.attname <> 'position'
         order by r.version, c.attnum
    loop
        if clash.name <> all (names) then
            names := names || clash.name;
            types := types || clash.type;
        elsif clash.type = types[pg_catalog.array_position(names, clash.name)] then
            continue;
        elsif clash.version is distinct from show_view.version
              and not exists (select from view_state s
                               where s.view = show_view.view and s.version = clash.version) then
            versions := pg_catalog.array_remove(versions, clash.version);
        else
            raise exception 'view % shows column % as %, and version % makes it %: give the column '
                'another name',
                show_view.view, clash.name, types[pg_catalog.array_position(names, clash.name)],
                clash.version, clash.type
                using errcode = 'BT013';
        end if;
    end loop;

    select string_agg(pg_catalog.format('select %s from %I%s',
               (select string_agg(case when a.attname is null
                                       then pg_catalog.format('null::%s as %I', c.type, c.name)
                                       else pg_catalog.format('%I', c.name) end, ', ' order by c.n)
                  from unnest(names, types) with ordinality as c (name, type, n)
                  left join pg_attribute a
                    on a.attrelid = to_regclass(pg_catalog.format(
                           '%I.%I', current_schema(), show_view.view || '__v' || v.version::text))
                   and a.attname = c.name and not a.attisdropped),
               show_view.view || '__v' || v.version::text,
               case when is_switched
                    then pg_catalog.format(' where (select s.version from view_state s '
                                           'where s.view = %L) = %s', show_view.view, v.version)
                    else '' end),
               ' union all ' order by v.version)
      into branches
      from pg_catalog.unnest(versions) as v (version);
    if is_switched then
        -- No function: whoever may read the view would need the right to call it.
        branches := branches || pg_catalog.format(
            ' union all select %s where (select case when v.version is null then %L '
            'when v.version <> all (%L::integer[]) then %L end from (select (select s.version '
            'from view_state s where s.view = %L) as version) as v)::boolean',
            (select string_agg(pg_catalog.format('null::%s', c.type), ', ' order by c.n)
               from pg_catalog.unnest(types) with ordinality as c (type, n)),
            pg_catalog.format('view %s is not live', show_view.view), versions,
            pg_catalog.format('view %s: the version that this transaction sees as live was '
                              'retired meanwhile, begin a new transaction', show_view.view),
            show_view.view);
    end if;
    if 'text' = types[pg_catalog.array_position(names, 'tenant')]
       and (select t.is_on from tenancy t) then
        execute pg_catalog.format('create or replace view %I with (security_barrier = true) as %s',
                                  show_view.view, view_of_tenants(branches));
    else
        execute pg_catalog.format('create or replace view %I as %s', show_view.view, branches);
    end if;
    if exists (select from pg_roles where rolname = current_schema() || '_observe') then
        execute pg_catalog.format('grant select on %I to %I',
            show_view.view, current_schema() || '_observe');
    end if;
    perform share_view(show_view.view, versions[1], false);
end;
$$;
