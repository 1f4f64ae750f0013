-- roll_back: make the version live again that a view set had before. As promote(), which see.
--
-- Arguments   view_sets: which. when_ready: as for promote().
-- Returns     the promotion's id.
-- Raises      BT034 a set has no version that is kept warm; and what promote() raises.
-- Tables      set_version: read.
-- Access: orchestrate
create or replace function roll_back(view_sets text[], when_ready boolean default false)
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
        select s.version into one
          from set_version s
         where s.view_set = wanted and s.state = 'warm'
         order by s.since desc
         limit 1;
        if not found then
            raise exception 'view set % has no former version that is kept', wanted
                using errcode = 'BT034';
        end if;
        former := former || one;
    end loop;
    return promote(roll_back.view_sets, former, roll_back.when_ready);
end;
$$;
