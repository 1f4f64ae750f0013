-- live_sets_after: which view sets would be live after a promotion. Internal:
-- promotion_obstacles(), open_promotion(), switch_versions().
--
-- A live set all of whose views go over into promoted ones is superseded. One that would keep only
-- some of its views has no version that says so: it must be promoted along. A view that a promoted
-- version leaves out is not live any more, unless a process carries it in another set: then that
-- one must be promoted along.
--
-- Arguments   view_sets, versions: what is to be live.
-- Returns     each, sorted.
-- Raises      BT034 there is no such version. BT035 it is live already, or was retired; or the sets
--             do not go together.
-- Tables      set_version, set_member, view_state: read.
create or replace function live_sets_after(view_sets text[], versions integer[])
returns versioned[]
language plpgsql
stable
set search_path from current
as $$
#variable_conflict use_column
declare
    wanted   record;
    promoted versioned[] := '{}';
    views    text[] := '{}';
    own      text[];
    other    record;
    kept     versioned[] := '{}';
begin
    for wanted in
        select w.view_set, w.version, s.state, s.since
          from unnest(live_sets_after.view_sets, live_sets_after.versions)
               as w (view_set, version)
          left join set_version s on s.view_set = w.view_set and s.version = w.version
    loop
        if wanted.state is null then
            raise exception 'view set % has no version % here; there %', wanted.view_set,
                coalesce(wanted.version::text, 'null'),
                coalesce('is ' || (select string_agg(s.version::text || ' (' || s.state || ')', ', '
                                                     order by s.version)
                                     from set_version s where s.view_set = wanted.view_set),
                         'is no view set of this name: ' || coalesce(
                         (select string_agg(distinct s.view_set, ', ') from set_version s), 'none'))
                using errcode = 'BT034';
        elsif wanted.state = 'live' then
            raise exception 'view set % is live at version % already', wanted.view_set,
                wanted.version
                using errcode = 'BT035';
        elsif wanted.state = 'retired' then
            raise exception 'view set %@% was retired at %, its rows are gone: build it again as a '
                'new version',
                wanted.view_set, wanted.version, wanted.since
                using errcode = 'BT035';
        end if;
        own := array(select m.member from set_member m
                      where m.view_set = wanted.view_set and m.set_version = wanted.version);
        if views && own then
            raise exception 'view set %@% and another one of this promotion have a view in common',
                wanted.view_set, wanted.version
                using errcode = 'BT035';
        end if;
        promoted := promoted || (wanted.view_set, wanted.version)::versioned;
        views := views || own;
    end loop;

    for other in
        select s.view_set, s.version,
               array(select m.member from set_member m
                      where m.view_set = s.view_set and m.set_version = s.version) as views
          from set_version s
         where s.state = 'live' and s.view_set <> all (live_sets_after.view_sets)
    loop
        if not other.views && views then
            kept := kept || (other.view_set, other.version)::versioned;
        elsif not other.views <@ views then
            raise exception 'view set %@% would lose a view to this promotion: promote a version '
                'of % along that is without it',
                other.view_set, other.version, other.view_set
                using errcode = 'BT035';
        end if;
    end loop;
    select l.view, s.view_set, s.version into other
      from view_state l
      join set_member m on m.member = l.view and m.version = l.version
      join set_version s on s.view_set = m.view_set and s.version = m.set_version
     where s.state = 'building' and l.view <> all (views)
       and not exists (select from set_member k
                        where (k.view_set, k.set_version)::versioned = any (kept)
                          and k.member = l.view and k.version = l.version)
     limit 1;
    if found then
        raise exception 'view % leaves its set, and %@% has it: promote that along', other.view,
            other.view_set, other.version
            using errcode = 'BT035';
    end if;
    return (select pg_catalog.array_agg(s order by s)
              from pg_catalog.unnest(kept || promoted) as s);
end;
$$;
