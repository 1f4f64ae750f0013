-- The tables of the bare side: what one would make without Baton.
create table public.business_order (
    id       bigint generated always as identity primary key,
    customer integer not null,
    amount   bigint not null,
    at       timestamptz not null default now()
);

create table public.bare_event (
    id      bigint generated always as identity primary key,
    type    text not null,
    payload jsonb not null,
    at      timestamptz not null default now()
);

create table public.bare_task (
    id      bigint generated always as identity primary key,
    payload jsonb not null,
    at      timestamptz not null default now()
);

create table public.bare_total (
    account  bigint primary key,
    payments bigint not null,
    amount   bigint not null
);

-- Where the bare loop stands.
create table public.bare_cursor (
    after_id bigint not null
);
insert into public.bare_cursor values (0);
