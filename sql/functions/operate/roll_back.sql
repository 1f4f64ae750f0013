-- roll_back: make the version live again that a view set or a handler had before. As promote(),
-- which see.
--
-- Arguments   view_sets: which. when_ready, nodes: as for promote(). name: one of them.
-- Returns     the promotion's id.
-- Raises      BT034 a set has no version that is kept warm, or a handler had no other; and what
--             promote() raises.
-- Tables      set_version, handler, handler_version: read.
-- Access: orchestrate
create or replace function roll_back(
    view_sets text[], when_ready boolean default false, nodes integer default 1)
returns bigint
language plpgsql
volatile
security definer
set search_path from current
as $$
#variable_conflict use_column
declare
    former   integer[] := '{}';
    wanted   text;
    one      integer;
begin
    foreach wanted in array roll_back.view_sets loop
        one := coalesce(
            (select s.version
               from set_version s
              where s.view_set = wanted and s.state = 'warm'
              order by s.since desc
              limit 1),
            (select v.version
               from handler h
               join handler_version v on v.handler = h.name and v.version <> h.live_version
              where h.name = wanted and v.live_until is not null
              order by v.live_until desc
              limit 1));
        if one is null then
            raise exception '%', case
                when exists (select from handler h where h.name = wanted)
                then pg_catalog.format('handler %s was live in no other version', wanted)
                else pg_catalog.format('view set %s has no former version that is kept', wanted)
                end
                using errcode = 'BT034';
        end if;
        former := former || one;
    end loop;
    return promote(roll_back.view_sets, former, roll_back.when_ready, roll_back.nodes);
end;
$$;

create or replace function roll_back(
    name text, when_ready boolean default false, nodes integer default 1)
returns bigint
language sql
volatile
set search_path from current
as $$
    select roll_back(array[roll_back.name], roll_back.when_ready, roll_back.nodes);
$$;
