-- require_bookmark_named: a bookmark's row, locked. Internal: move_bookmark(), remove_bookmark().
--
-- Raises      BT062 there is none of that name.
-- Locks       its row, until the transaction ends; it waits for a transaction that moves it.
-- Tables      bookmark: read, lock.
create or replace function require_bookmark_named(name text)
returns bookmark
language plpgsql
volatile
set search_path from current
as $$
declare
    known bookmark;
begin
    select b.* into known from bookmark b where b.name = require_bookmark_named.name for update;
    if not found then
        raise exception 'there is no bookmark %; bookmarks() lists them', coalesce(
            pg_catalog.quote_literal(pg_catalog.left(require_bookmark_named.name, 128)), 'null')
            using errcode = 'BT062';
    end if;
    return known;
end;
$$;
