-- require_bookmark: the bookmark that a node holds. Internal: advance(), read_follow().
--
-- Arguments   holder: the node. token: of follow().
-- Returns     its row.
-- Raises      BT061 it was cut. BT062 it is not this holder's: another node follows it, somebody
--             moved or removed it, or the token is none.
-- Tables      bookmark: read.
create or replace function require_bookmark(holder bigint, token text)
returns bookmark
language plpgsql
volatile
set search_path from current
as $$
declare
    known   bookmark;
    claimed bigint;
begin
    select p.claim into claimed
      from token_parts(array[require_bookmark.token]) as p;
    select b.* into known
      from token_parts(array[require_bookmark.token]) as p
      join bookmark b on b.id = p.task;
    if known.id is null then
        raise exception 'there is no bookmark of the token %: it is none of follow(), or the '
            'bookmark was removed; call follow()',
            coalesce(pg_catalog.quote_literal(pg_catalog.left(require_bookmark.token, 40)), 'null')
            using errcode = 'BT062';
    end if;
    if known.cut_at is not null then
        raise exception '%', bookmark_cut_text(known) using errcode = 'BT061';
    end if;
    if known.claim <> claimed or known.node is distinct from require_bookmark.holder then
        raise exception 'bookmark % is not this follower''s any more: %; what was done for its '
            'events is to be rolled back, and follow() asks for it again',
            pg_catalog.quote_literal(known.name),
            case when known.node is null then 'somebody moved it, to position '
                                              || known.position::text
                 when known.node = require_bookmark.holder then 'this node asked for it anew'
                 else 'node ' || coalesce(known.held_by, 'unnamed') || ' has it since '
                      || pg_catalog.date_trunc('second', known.claimed_at)::text end
            using errcode = 'BT062';
    end if;
    return known;
end;
$$;
