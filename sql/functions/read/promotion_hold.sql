-- promotion_hold: what a promotion that was asked for waits for, in words.
--
-- Returns     a clause; null where there is no such promotion, or it has an end.
-- Tables      promotion: read.
-- Access: observe, orchestrate
create or replace function promotion_hold(id bigint)
returns text
language sql
stable
security definer
set search_path from current
set jit = off
as $$
    select coalesce((select o.what
                       from promotion_obstacles(p.view_sets, p.versions, false) as o limit 1),
                    'the process that keeps it takes the lead')
      from promotion p
     where p.id = promotion_hold.id and p.state = 'requested';
$$;
