-- refuse_effects: raise what is wrong with the first wrong one of a reducer's effects. Internal:
-- write_effects().
--
-- Arguments   as write_effects().
-- Raises      BT055 an effect is not as it must be. BT037 nobody registered its handler. Both say
--             of which event it is.
-- Tables      handler: read.
create or replace function refuse_effects(view text, version integer, effects jsonb[])
returns void
language plpgsql
stable
set search_path from current
set jit = off
as $$
#variable_conflict use_column
declare
    wrong record;
begin
    select e.object ->> 'cause' as cause, coalesce(f.fault, u.fault) as fault, u.code
      into wrong
      from pg_catalog.unnest(refuse_effects.effects) with ordinality as e (object, n)
     cross join lateral effect_fault(e.object) as f (fault)
     cross join lateral (
        select coalesce(e.object ->> 'task', e.object ->> 'open_task_set',
                        e.object ->> 'touch_task_set') as name) as h
     cross join lateral (
        select case when f.fault is null then 'BT037' else 'BT055' end as code,
               'nobody registered a handler '::text
               || coalesce(pg_catalog.quote_literal(pg_catalog.left(h.name, 128)), 'null')::text
               || '; a node that carries it does'::text as fault) as u
     where f.fault is not null
        or h.name is not null and not exists (select from handler k where k.name = h.name)
     order by e.n
     limit 1;
    if found then
        raise exception 'an effect of %@% for the event at position %: %', refuse_effects.view,
            refuse_effects.version, coalesce(wrong.cause, 'null'), wrong.fault
            using errcode = wrong.code;
    end if;
end;
$$;
