-- bookmark_cut_text: what became of a bookmark that was cut, and what to do. Internal:
-- bookmark_problems(), bookmarks(), follow(), require_bookmark().
--
-- Returns     a line; null where it was not cut.
create or replace function bookmark_cut_text(b bookmark)
returns text
language sql
stable
set search_path from current
as $$
    select pg_catalog.format(
        'bookmark %s was cut at %s: %s; events after position %s may be gone. Say where it goes '
        'on with `baton bookmarks move %s --to POSITION`, and make anew what was kept of the '
        'events before; or remove it', pg_catalog.quote_literal(b.name),
        pg_catalog.date_trunc('second', b.cut_at), b.cut_reason, b.position,
        pg_catalog.quote_literal(b.name))
     where b.cut_at is not null;
$$;
