-- set_tenants: whether this environment keeps tenants apart. Off at first. For its owner.
--
-- Where it is on, logins that are members of the group role _tenant see what their tenant has:
-- through tenant_task, tenant_event, the tenant_ functions, and public views that have a column
-- tenant. And the same unique key, or dispatch_id, of two tenants is two. COPY into event is
-- refused by Postgres then: insert, or dispatch_many().
--
-- No node may be live and nobody may lead while it changes: sessions of Baton take policies for an
-- error unless they found these when they began.
--
-- Arguments   is_on: whether. Where it is so already, nothing is done.
-- Returns     the public views with a column tenant that this login may not make anew: until an
--             orchestrator did (show_view()), no tenant may be let read them. Null: none.
-- Raises      BT069 is_on is null, there is no group role _tenant, or somebody is at work. BT006
--             the transaction's snapshot is fixed.
-- Locks       the tables of tenants, exclusively, while their indexes are made.
-- Tables      tenancy: update. task_key: update, delete. task, reducer_version, leader, node: read.
--             Makes the indexes event_tenant, task_tenant. See secure_tenants(), show_view().
-- Cost        of all events and tasks that are kept, where it is switched on.
create or replace function set_tenants(is_on boolean)
returns text
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    readers constant text := current_schema() || '_tenant';
    secured text;
    shown   record;
    beyond  text;
begin
    perform require_read_committed('set_tenants');
    if set_tenants.is_on is null then
        raise exception 'tenants: true or false, not null' using errcode = 'BT069';
    elsif to_regrole(pg_catalog.quote_ident(readers)) is null then
        raise exception 'there is no role %: let an administrator run `create role % nologin`, '
            'then run baton environment upgrade', readers, readers
            using errcode = 'BT069';
    end if;
    if set_tenants.is_on = (select t.is_on from tenancy t) then
        return null;
    elsif exists (select from leader l where is_led(l))
          or exists (select from node n where is_live(n)) then
        raise exception 'orchestrators or nodes are at work: stop them, switch tenants %, and '
            'start them again', case when set_tenants.is_on then 'on' else 'off' end
            using errcode = 'BT069';
    end if;
    foreach secured in array tenant_tables() loop
        execute pg_catalog.format('lock table %I in access exclusive mode', secured);
    end loop;
    lock table task_key in access exclusive mode;
    update tenancy set is_on = set_tenants.is_on where only_row;
    if set_tenants.is_on then
        create index if not exists event_tenant on event (tenant, id) where tenant is not null;
        create index if not exists task_tenant on task (tenant, id) where tenant is not null;
        update task_key k set tenant = t.tenant from task t
         where t.id = coalesce(k.next, k.task) and k.tenant = '' and t.tenant is not null;
    else
        drop index if exists event_tenant, task_tenant;
        -- Of one key several tenants may have, the newest task has it from now on.
        delete from task_key k
         using task_key o
         where o.handler = k.handler and o.key = k.key and o.tenant <> k.tenant
           and (coalesce(o.task, 0), o.tenant) > (coalesce(k.task, 0), k.tenant);
        update task_key k set tenant = '' where k.tenant <> '';
    end if;
    perform secure_tenants();
    for shown in
        select r.name, pg_catalog.pg_has_role(c.relowner, 'usage') as may_make
          from (select distinct v.name from reducer_version v) as r
          join pg_class c on c.oid = to_regclass(pg_catalog.quote_ident(r.name))
         where exists (select from pg_attribute a
                        where a.attrelid = c.oid and a.attname = 'tenant' and not a.attisdropped)
         order by r.name
    loop
        if shown.may_make then
            perform show_view(shown.name);
        else
            beyond := pg_catalog.concat_ws(', ', beyond, shown.name);
        end if;
    end loop;
    return beyond;
end;
$$;
