-- refuses_unknown_types: whether the check is there that set_unknown_events() makes. Internal.
create or replace function refuses_unknown_types()
returns boolean
language sql
volatile
set search_path from current
as $$
    select exists (select from pg_constraint c
                    where c.conname = 'event_type_known'
                      and c.contypid = 'event_type'::regtype);
$$;
