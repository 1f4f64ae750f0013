-- follow: go through the log from a bookmark on: event by event, in the log's order, wherever
-- whoever had it before has come to.
--
-- A bookmark has one holder. While the node that holds it lives, another one gets none, but may ask
-- again: it stands by. With take_over it gets it all the same, and what the former holder says from
-- then on is refused. That waits for a transaction of the former one that is about to move it.
--
-- Read with read_follow(), and say with advance() how far it has come, in the transaction in which
-- something was done about the events, if that is in this database: so it is done exactly once.
--
-- Arguments   session: of register_node(). name: of the bookmark, which is made if there is none.
--             types: only events of these; null: all. from_position: the first event, if it is made
--             now; null: those that come from now on. take_over: also from a node that lives.
--             lag_longest: how old the oldest event may be that is not done with, until the
--             bookmark is cut; null: as it is, 7 days at first. See cut_bookmarks().
-- Returns     one row. token: for read_follow() and advance(); null where another node has it.
--             position: up to there the events are done with. held_by: that other node's name.
-- Raises      BT061 it was cut. BT042 an argument is not as it must be, or there are 1000 bookmarks
--             already. BT062 it was removed just now. BT049 see require_adopted(). BT038, BT032 see
--             require_node(). BT006 the transaction's snapshot is fixed.
-- Locks       the bookmark, until the transaction ends.
-- Tables      bookmark: read, insert, update. node: read.
-- Access: node
create or replace function follow(
    session       text,
    name          text,
    types         text[]   default null,
    from_position bigint   default null,
    take_over     boolean  default false,
    lag_longest   interval default null
)
returns table (token text, "position" bigint, held_by text)
language plpgsql
volatile
security definer
set search_path from current
as $$
#variable_conflict use_column
declare
    me    node := require_node(follow.session);
    known bookmark;
begin
    perform require_adopted();
    perform require_read_committed('follow');
    perform require_bookmark_options(follow.name, follow.types, follow.from_position,
                                     follow.lag_longest);
    insert into bookmark (name, position, types)
    select follow.name, coalesce(follow.from_position - 1, log_end()), follow.types
     where not exists (select from bookmark b where b.name = follow.name)
    on conflict do nothing;
    -- Who stands by waits for no transaction of the holder's.
    select n.name into held_by
      from bookmark b join node n on n.id = b.node
     where b.name = follow.name and b.cut_at is null and n.id <> me.id and is_live(n)
       and follow.take_over is not true;
    if found then
        return next;
        return;
    end if;
    select b.* into known from bookmark b where b.name = follow.name for update;
    if not found then
        raise exception 'bookmark % was removed just now', pg_catalog.quote_literal(follow.name)
            using errcode = 'BT062';
    end if;
    if known.cut_at is not null then
        raise exception '%', bookmark_cut_text(known) using errcode = 'BT061';
    end if;
    select n.name into held_by
      from node n
     where n.id = known.node and n.id <> me.id and is_live(n) and follow.take_over is not true;
    if not found then
        update bookmark b
           set claim = b.claim + 1, node = me.id, held_by = me.name,
               claimed_at = clock_timestamp(), types = follow.types,
               lag_longest = coalesce(follow.lag_longest, b.lag_longest)
         where b.id = known.id
        returning b.id::text || '.' || b.claim::text, b.position into token, position;
        held_by := null;
    end if;
    return next;
end;
$$;
