-- refuse_taken_name: raise that a handler and a view set would have one name, if so: a promotion
-- could mean either. Internal: register_handler(), register_set(). The caller holds the turn
-- 'registration'.
--
-- Arguments   name: of what is registered. kind: 'handler' or 'view set'.
-- Raises      BT042 for a handler, BT013 for a view set.
-- Tables      handler, set_version: read.
create or replace function refuse_taken_name(name text, kind text)
returns void
language plpgsql
stable
set search_path from current
as $$
declare
    other text;
begin
    if refuse_taken_name.kind = 'handler' then
        select 'view set' into other
          from set_version s where s.view_set = refuse_taken_name.name limit 1;
    else
        select 'handler' into other from handler h where h.name = refuse_taken_name.name;
    end if;
    if found then
        raise exception '% % cannot be registered: a % has this name here, and a promotion could '
            'mean either; give one of them another name',
            refuse_taken_name.kind, refuse_taken_name.name, other
            using errcode = case refuse_taken_name.kind when 'handler' then 'BT042'
                                                        else 'BT013' end;
    end if;
end;
$$;
