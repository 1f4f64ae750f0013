-- versions_shown: which versions of a view readers were shown between two positions of the log.
-- For `baton bisect`.
--
-- Arguments   view: its name. from_position, to_position: not before the former.
-- Returns     one row for each, in their order.
--   version     of the view; null where it is not known, or no more.
--   since       the position at which it became the live one; from_position for the first.
-- Tables      promotion, set_member, view_state: read.
-- Cost        of a look at all promotions.
-- Access: orchestrate
create or replace function versions_shown(view text, from_position bigint, to_position bigint)
returns table (version integer, since bigint)
language plpgsql
stable
security definer
set search_path from current
as $$
#variable_conflict use_column
begin
    return query
        with switched as (
            select p.id, p.position, s.version, s.former
              from promotion p
             cross join lateral (
                select m.version,
                       (select n.version
                          from unnest(p.former) as f (name, version)
                          join set_member n
                            on n.view_set = f.name and n.set_version = f.version
                           and n.member = versions_shown.view
                         limit 1) as former
                  from unnest(p.view_sets, p.versions) as t (name, version)
                  join set_member m
                    on m.view_set = t.name and m.set_version = t.version
                   and m.member = versions_shown.view
                 limit 1) as s
             where p.state = 'done' and p.position <= versions_shown.to_position
        ), first as (
            select coalesce(
                (select s.version from switched s
                  where s.position <= versions_shown.from_position order by s.id desc limit 1),
                (select s.former from switched s
                  where s.position > versions_shown.from_position order by s.id limit 1),
                (select v.version from view_state v where v.view = versions_shown.view)) as version
        )
        select f.version, versions_shown.from_position from first f
        union all
        (select s.version, s.position from switched s
          where s.position > versions_shown.from_position order by s.id);
end;
$$;
