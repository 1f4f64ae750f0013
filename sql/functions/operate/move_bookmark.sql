-- move_bookmark: let a follower go on elsewhere: forward past what is not to be done, or back to
-- what is to be done again. One that was cut holds what follows again.
--
-- Whoever has it is deposed, and hears so at its next word: it asks again, and goes on there.
--
-- Arguments   name: which. "position": up to there the events count as done with; 0: none; null:
--             all that there are now.
-- Returns     where it was.
-- Raises      BT062 there is none. BT042 the log has no such position.
-- Locks       as require_bookmark_named().
-- Notifies    log_channel(), so that who has it hears of it now.
-- Tables      bookmark: update.
-- Access: orchestrate
create or replace function move_bookmark(name text, "position" bigint default null)
returns bigint
language plpgsql
volatile
security definer
set search_path from current
as $$
#variable_conflict use_column
declare
    former bookmark := require_bookmark_named(move_bookmark.name);
    head   bigint := log_end();
    wanted bigint := coalesce(move_bookmark.position, head);
begin
    if wanted not between log_beginning() and head then
        raise exception 'bookmark % cannot be moved to position %: it is % to %, the end of the '
            'log',
            pg_catalog.quote_literal(former.name), wanted, log_beginning(), head
            using errcode = 'BT042';
    end if;
    update bookmark b
       set position = wanted, claim = b.claim + 1, node = null, moved_at = clock_timestamp(),
           cut_at = null, cut_reason = null
     where b.id = former.id;
    perform pg_catalog.pg_notify(log_channel(), '');
    return former.position;
end;
$$;
