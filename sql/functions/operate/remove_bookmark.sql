-- remove_bookmark: forget where a follower stood. One that still has it is refused its next word.
--
-- Arguments   name: which.
-- Raises      BT062 there is none.
-- Locks       as require_bookmark_named().
-- Tables      bookmark: delete.
-- Access: orchestrate
create or replace function remove_bookmark(name text)
returns void
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
    known bookmark := require_bookmark_named(remove_bookmark.name);
begin
    delete from bookmark b where b.id = known.id;
end;
$$;
