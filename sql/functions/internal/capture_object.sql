-- capture_object: SQL for the text of a JSON object of a row's values. Internal: capture_payload().
--
-- Arguments   side: 'old' or 'new': a row whose columns are called as the fields; 'o' or 'n': what
--             the pairs of capture_pairs() have of them. what: 'key', 'shown', or 'changed': those
--             of the latter that are others than before.
create or replace function capture_object(capture bigint, relation oid, side text, what text)
returns text
language sql
stable
set search_path from current
set standard_conforming_strings = on
as $$
    with members as (
        select c.place, c.key_place,
               pg_catalog.format(
                   '%L || %s', ', ' || pg_catalog.to_json(c.field)::text || ': ',
                   captured_value(capture_side(capture_object.side, c.field, c.place), c.type_id))
                   as pair,
               capture_change(capture_side('o', c.field, c.place),
                              capture_side('n', c.field, c.place), c.type_id) as change
          from capture_columns(capture_object.capture, capture_object.relation) as c
         where c.type_id is not null
           and case capture_object.what when 'key' then c.key_place is not null else c.is_shown end
    )
    select pg_catalog.format(
        '''{'' || pg_catalog.substr(%s, 3) || ''}''',
        coalesce(string_agg(
            case when capture_object.what = 'changed'
                 then pg_catalog.format('case when %s then %s else '''' end', m.change, m.pair)
                 else m.pair end,
            E'\n || ' order by case when capture_object.what = 'key' then m.key_place end,
            m.place), ''''''))
      from members m;
$$;
