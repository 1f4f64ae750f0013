-- advance: a follower is done with the events up to a position. Call it in the transaction in which
-- something was done about them: then that is there exactly once.
--
-- It moves forward only, and only for whoever holds the bookmark. Whatever it refuses, what was
-- done for the events must be rolled back, as the error does by itself.
--
-- Arguments   session: of register_node(). token: of follow(). "position": of the last event that
--             is done with; what read_follow() ends with. from_position: where it is believed to
--             be; null: anywhere before.
-- Raises      BT062 it is not this node's any more, see require_bookmark(); or it is there already,
--             or not at from_position: a COMMIT without an answer was one, or two threads do the
--             same. BT061 it was cut. BT042 the log has no such position yet. BT049 see
--             require_adopted(). BT038, BT032 see require_node().
-- Locks       the bookmark, until the transaction ends.
-- Tables      bookmark: update.
-- Access: node
create or replace function advance(
    session text, token text, "position" bigint, from_position bigint default null)
returns void
language plpgsql
volatile
security definer
set search_path from current
as $$
#variable_conflict use_column
declare
    me   node := require_node(advance.session);
    head bigint := log_end();
    held bookmark;
begin
    perform require_adopted();
    if advance.position between 1 and head is not true then
        raise exception 'there is no position % to advance to: the log ends at %',
            coalesce(advance.position::text, 'null'), head
            using errcode = 'BT042';
    end if;
    update bookmark b
       set position = advance.position, moved_at = clock_timestamp()
      from token_parts(array[advance.token]) as p
     where b.id = p.task and b.claim = p.claim and b.node = me.id and b.cut_at is null
       and b.position < advance.position
       and b.position = coalesce(advance.from_position, b.position);
    if found then
        return;
    end if;
    held := require_bookmark(me.id, advance.token);
    raise exception 'bookmark % is at position %, and cannot go from % to %; what was done for '
        'these events is to be rolled back, and follow() says where to go on',
        pg_catalog.quote_literal(held.name), held.position,
        coalesce(advance.from_position::text, 'there'), advance.position
        using errcode = 'BT062';
end;
$$;
