-- share_view: let every orchestrator of this environment work on a view that one of them made.
-- Internal: create_view_table(), show_view(), and grants.sql for what was made before.
--
-- Whoever creates a table owns it, so a view would belong to the login role that happened to lead
-- first, and the next leader's would not get in. What was made becomes the group role's
-- _orchestrate where the current role may give it away; else (the environment's owner leads, and is
-- no member) the group role gets the rights that it needs, as the environment's owner does, who may
-- lead as well, and let others read the public view. Without group roles there is nothing to do:
-- one role does everything.
--
-- Arguments   view, version: its table <view>__v<version>, public view and, in SQL, function.
--             with_helpers: and everything else in this schema that was not there before
--             run_reducer_script() ran in this transaction: a SQL reducer's file may make more.
-- Returns     what the current role may neither give away nor share, as it is another role's; null
--             if there is nothing.
-- Access: orchestrate
create or replace function share_view(view text, version integer, with_helpers boolean)
returns text
language plpgsql
volatile
set search_path from current
as $$
declare
    team     name := current_schema() || '_orchestrate';
    me       name := current_user;
    owner    name := (select pg_get_userbyid(n.nspowner) from pg_namespace n
                       where n.nspname = current_schema());
    may_give boolean;
    made     record;
    rights   text;
    target   text;
    beyond   text;
    known_objects oid[];
begin
    if to_regrole(pg_catalog.quote_ident(team)) is null then
        return null;
    end if;
    may_give := pg_catalog.pg_has_role(
        me, team,
        case when current_setting('server_version_num')::integer >= 160000 then 'set'
             else 'member' end);
    if share_view.with_helpers then
        known_objects := nullif(current_setting('baton.known_objects', true), '');
    end if;
    for made in
        select case c.relkind when 'v' then 'view' when 'm' then 'materialized view'
                              when 'S' then 'sequence' else 'table' end as kind,
               c.oid::regclass::text as name, c.relowner as owner,
               -- The sequence of a column is given away with its table.
               exists (select from pg_depend d
                        where d.classid = 'pg_class'::regclass and d.objid = c.oid
                          and d.refclassid = 'pg_class'::regclass
                          and d.deptype in ('a', 'i')) as is_part
          from pg_class c
         where c.relnamespace = current_schema()::regnamespace
           and c.relkind in ('r', 'p', 'v', 'm', 'S')
           and (c.relname in (share_view.view, share_view.view || '__v' || share_view.version::text)
                or share_view.with_helpers and c.oid <> all (known_objects)
                   and c.relowner = to_regrole(pg_catalog.quote_ident(me)))
         union all
        select 'function', p.oid::regprocedure::text, p.proowner, false
          from pg_proc p
         where p.pronamespace = current_schema()::regnamespace and p.prokind = 'f'
           and (p.proname = share_view.view || '__v' || share_view.version::text
                or share_view.with_helpers and p.oid <> all (known_objects)
                   and p.proowner = to_regrole(pg_catalog.quote_ident(me)))
    loop
        if made.kind = 'view' and pg_catalog.pg_has_role(me, made.owner, 'usage')
           and not pg_catalog.has_table_privilege(owner, made.name, 'select with grant option')
        then
            execute pg_catalog.format('grant select on %s to %I with grant option', made.name,
                                      owner);
        end if;
        continue when made.owner = to_regrole(pg_catalog.quote_ident(team));
        if not pg_catalog.pg_has_role(me, made.owner, 'usage') then
            beyond := pg_catalog.concat_ws(', ', beyond, made.name);
            continue;
        end if;
        if made.kind = 'function' then
            execute pg_catalog.format('revoke all on function %s from public', made.name);
        elsif made.kind <> 'sequence' then
            -- Else anybody could make a column of such rows, and so keep the view from being
            -- dropped.
            execute pg_catalog.format('revoke all on type %s from public', made.name);
        end if;
        rights := case made.kind when 'function' then 'execute'
                                 when 'sequence' then 'usage, select, update'
                                 else 'select, insert, update, delete' end;
        target := pg_catalog.format('%s %s',
            case when made.kind in ('function', 'sequence') then made.kind else 'table' end,
            made.name);
        execute pg_catalog.format('grant %s on %s to %I', rights, target, owner);
        if not may_give then
            execute pg_catalog.format('grant %s on %s to %I', rights, target, team);
        elsif not made.is_part then
            execute pg_catalog.format('alter %s %s owner to %I', made.kind, made.name, team);
        end if;
    end loop;
    return beyond;
end;
$$;
