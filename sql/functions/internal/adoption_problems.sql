-- adoption_problems: that this is a copy, of which nobody has said what it is now. Internal:
-- status().
--
-- Returns   a line, or none; also where the owner may not ask, which doctor() tells.
create or replace function adoption_problems()
returns text[]
language plpgsql
stable
set search_path from current
as $$
begin
    return array(select u.reason from unadopted() as u (reason) where u.reason is not null);
exception when insufficient_privilege then
    return '{}';
end;
$$;
