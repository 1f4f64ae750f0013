-- Tenants: whose the rows of this environment are, where it keeps them apart. Off until
-- set_tenants().

-- Whether it does; one row.
create table tenancy (
    only_row boolean not null default true,
    is_on    boolean not null default false,

    constraint tenancy_single_row primary key (only_row),
    constraint tenancy_only_row_true check (only_row)
);
insert into tenancy default values;

-- The logins whose sessions see what one tenant has, and nothing else. A setting of the session
-- could be set by whoever has one; the login that a session began with cannot.
--   tenant  whose; null: the login binds one for each transaction, see bind_tenant().
create table tenant_login (
    login    name        not null,
    tenant   event_tenant,
    added_at timestamptz not null default clock_timestamp(),

    constraint tenant_login_unique primary key (login)
);
create index tenant_login_by_tenant on tenant_login (tenant, login);

-- Which tenant a transaction is bound to. One row for each server process that ever bound one, and
-- it counts in the transaction that wrote it alone: so nothing has to be taken back at its end, and
-- a pooler has nothing to hand on. Of no worth after a crash.
create unlogged table tenant_bound (
    backend integer not null,
    xid     xid8    not null,
    tenant  text    not null,

    constraint tenant_bound_unique primary key (backend)
) with (fillfactor = 50);

-- Whose a unique key is: the same one of two tenants is two. Empty: nobody's, or of an environment
-- that keeps no tenants apart.
alter table task_key add column tenant text not null default '';
alter table task_key drop constraint task_key_unique;
alter table task_key add constraint task_key_unique primary key (handler, tenant, key);

-- How many tasks may wait in one of a handler's lanes until enqueue() refuses more; null: any
-- number. A fair handler has a lane for each tenant.
alter table handler add column lane_waiting_max integer;
alter table handler
    add constraint handler_lane_waiting_max_positive check (lane_waiting_max > 0);
