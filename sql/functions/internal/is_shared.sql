-- is_shared: whether a member of a set version is live, or another set version has it, too.
-- Internal: withdraw_version(), forget_set().
--
-- Tables      view_state, set_member: read.
-- Access: orchestrate
create or replace function is_shared(m set_member)
returns boolean
language sql
stable
set search_path from current
as $$
    select exists (select from view_state l where l.view = m.member and l.version = m.version)
        or exists (select from set_member o
                    where o.member = m.member and o.version = m.version
                      and (o.view_set, o.set_version) <> (m.view_set, m.set_version));
$$;
