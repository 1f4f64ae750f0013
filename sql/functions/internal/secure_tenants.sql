-- secure_tenants: make row-level security what set_tenants() said: forced, so that the owner is
-- held to a policy, too, and one that is new in the place of another finds nothing instead of
-- everything. Or take it away. Internal: set_tenants(), and grants.sql, after each upgrade.
--
-- The owner's functions, which every other way in goes through, see all rows: what they decide
-- (whether the log is behind, who is next in a lane) must not depend on who calls them. So those
-- that a tenant may call are few, and choose by current_tenant() themselves; what a tenant reads by
-- plain SQL the policies choose.
--
-- Tables      the catalogue's, tenancy, task: read.
create or replace function secure_tenants()
returns void
language plpgsql
volatile
set search_path from current
as $$
declare
    here    constant text := current_schema();
    owner   constant name := (select pg_get_userbyid(n.nspowner) from pg_namespace n
                               where n.nspname = current_schema());
    readers constant text := pg_catalog.format('%I', here || '_tenant');
    is_on   constant boolean := (select t.is_on from tenancy t);
    secured text;
    former  name;
begin
    if to_regrole(readers) is null then
        return;
    end if;
    foreach secured in array tenant_tables() loop
        -- As it is to be already: then nobody's locks are waited for.
        continue when exists (
            select from pg_class c
             where c.oid = to_regclass(secured)
               and (c.relrowsecurity, c.relforcerowsecurity) = (is_on, is_on)
               and is_on = exists (select from pg_policy p
                                    where p.polrelid = c.oid and p.polname = 'whole'
                                      and p.polroles @> array[to_regrole(
                                              pg_catalog.quote_ident(owner))::oid]))
            and pg_catalog.has_table_privilege(to_regrole(readers)::oid,
                                               to_regclass(secured)::oid, 'select') = is_on;
        for former in
            select p.polname from pg_policy p
             where p.polrelid = to_regclass(secured) and p.polname in ('whole', 'own', 'made')
        loop
            execute pg_catalog.format('drop policy %I on %I', former, secured);
        end loop;
        execute pg_catalog.format('revoke all on %I from %s', secured, readers);
        if not is_on then
            execute pg_catalog.format('alter table %I disable row level security, '
                                      'no force row level security', secured);
            continue;
        end if;
        execute pg_catalog.format('create policy whole on %I to %I, %I using (true) '
                                  'with check (true)', secured, owner, here || '_orchestrate');
        execute pg_catalog.format('create policy own on %I for select to %s using (%s)', secured,
            readers,
            case secured when 'task_end'
                 then 'exists (select from task t where t.id = task_end.task '
                      'and t.tenant = (select current_tenant()))'
                 else 'tenant = (select current_tenant())' end);
        execute pg_catalog.format('alter table %I enable row level security, '
                                  'force row level security', secured);
        execute pg_catalog.format('grant select on %I to %s', secured, readers);
    end loop;
    if is_on then
        if not exists (select from pg_policy p
                        where p.polrelid = 'event'::regclass and p.polname = 'made') then
            execute pg_catalog.format('create policy made on event for insert to %I '
                                      'with check (true)', here || '_dispatch');
        end if;
        execute pg_catalog.format('grant select (id, handler) on requirement to %s', readers);
    else
        execute pg_catalog.format('revoke select (id, handler) on requirement from %s', readers);
    end if;
end;
$$;
