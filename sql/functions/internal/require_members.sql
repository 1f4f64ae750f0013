-- require_members: raise that what is to be added to a task set is no member, if so. Internal:
-- add_members().
--
-- Arguments   task_set, members: see add_members().
-- Raises      BT042 they are no JSON object, a name is too long, or is a member already, or names
--             no handler of the set.
-- Tables      task_set, task_set_pin, task_set_member: read.
create or replace function require_members(task_set bigint, members jsonb)
returns void
language plpgsql
stable
set search_path from current
as $$
#variable_conflict use_column
declare
    unfit text;
begin
    if pg_catalog.jsonb_typeof(require_members.members) is distinct from 'object' then
        raise exception 'the members of a task set are no JSON object: {"2014-01": payload, ...}'
            using errcode = 'BT042';
    end if;
    select m.name into unfit
      from pg_catalog.jsonb_object_keys(require_members.members) as m (name)
     where octet_length(m.name) not between 1 and 128
        or exists (select from task_set_member o
                    where o.task_set = require_members.task_set and o.member = m.name)
     limit 1;
    if found then
        raise exception 'member % of task set %: %', pg_catalog.left(unfit, 128),
            require_members.task_set,
            case when octet_length(unfit) between 1 and 128 then 'it is there already'
                 else 'a name has 1 to 128 bytes' end
            using errcode = 'BT042';
    end if;

    select m.name into unfit
      from pg_catalog.jsonb_each(require_members.members) as m (name, value)
     where (select s.build is null from task_set s where s.id = require_members.task_set)
       and (pg_catalog.jsonb_typeof(m.value) <> 'object'
            or not exists (select from task_set_pin p
                            where p.task_set = require_members.task_set
                              and p.handler = m.value ->> 'handler'))
     limit 1;
    if found then
        raise exception 'member % of task set % names no handler of the set: {"%": {"handler": '
            'name, "payload": value}}, with one of: %', unfit, require_members.task_set, unfit,
            (select string_agg(p.handler, ', ' order by p.handler) from task_set_pin p
              where p.task_set = require_members.task_set)
            using errcode = 'BT042';
    end if;
end;
$$;
