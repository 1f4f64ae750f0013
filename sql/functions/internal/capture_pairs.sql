-- capture_pairs: SQL for the events of the rows that an UPDATE changed. Internal:
-- capture_statement().
--
-- Arguments   see capture_statement().
create or replace function capture_pairs(
    capture bigint, relation oid, old_rows text, new_rows text)
returns text
language sql
stable
set search_path from current
set standard_conforming_strings = on
as $$
    with columns as (
        select c.place, c.key_place,
               pg_catalog.format('%s as o%s, %s as n%2$s', capture_side('old', c.field, c.place),
                                 c.place, capture_side('new', c.field, c.place)) as pair,
               capture_change(capture_side('old', c.field, c.place),
                              capture_side('new', c.field, c.place), c.type_id) as change
          from capture_columns(capture_pairs.capture, capture_pairs.relation) as c
         where c.type_id is not null and (c.is_shown or c.key_place is not null)
    ), texts as (
        select coalesce(string_agg(c.pair, ', ' order by c.place), 'null as o0') as pairs,
               coalesce(string_agg(c.change, E'\n or ' order by c.place), 'false') as changes,
               coalesce(string_agg(c.change, ' or ' order by c.place)
                            filter (where c.key_place is not null), 'false') as moves
          from columns c
    )
    select pg_catalog.format(
        E'with pairs as materialized (\n select %s, (%s) as is_moved\n'
        ' from %s\n left join %s on old."baton row" = new."baton row"\n where (%s)%s\n'
        ' order by new."baton row")\n'
        'select %s as key, %s as payload\nfrom pairs as p where p.is_moved\nunion all\n'
        'select %s, case when p.is_moved\n then %s\n else %s end\nfrom pairs as p\noffset 0',
        t.pairs, t.moves,
        capture_rows(capture_pairs.capture, capture_pairs.relation, 'new', capture_pairs.new_rows),
        capture_rows(capture_pairs.capture, capture_pairs.relation, 'old', capture_pairs.old_rows),
        t.changes, case when k.condition is not null
                        then pg_catalog.format(E'\n and (%s\n)', k.condition) end,
        capture_key(capture_pairs.capture, capture_pairs.relation, 'o'),
        capture_payload(capture_pairs.capture, capture_pairs.relation, 'moved away', true),
        capture_key(capture_pairs.capture, capture_pairs.relation, 'n'),
        capture_payload(capture_pairs.capture, capture_pairs.relation, 'moved here', true),
        capture_payload(capture_pairs.capture, capture_pairs.relation, 'update', true))
      from texts t, capture k
     where k.id = capture_pairs.capture;
$$;
