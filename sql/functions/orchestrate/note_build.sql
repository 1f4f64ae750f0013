-- note_build: note how far a build has come, and end the transaction unless it is the caller's.
-- Internal: part of every transaction in which a builder writes.
--
-- Arguments   view, version, claim: the build, as claim_builds() gave it. position, state, reason:
--             as in view_build.
-- Raises      BT011 somebody else has claimed it since, or it is no build any more: it was promoted
--             or retired. Nothing that the caller writes can commit.
-- Locks       the build's row, until the transaction ends.
-- Tables      view_build: update.
-- Access: orchestrate
create or replace function note_build(
    view text, version integer, claim bigint, "position" bigint, state text, reason text)
returns void
language plpgsql
volatile
security definer
set search_path from current
as $$
#variable_conflict use_column
begin
    update view_build b
       set position = note_build.position, state = note_build.state, reason = note_build.reason,
           changed_at = clock_timestamp()
     where b.view = note_build.view and b.version = note_build.version
       and b.claim = note_build.claim and b.backend_pid = pg_backend_pid()
       and b.mark_hash = own_session();
    if not found then
        raise exception 'the build of %@% is not ours any more', note_build.view,
            note_build.version
            using errcode = 'BT011';
    end if;
end;
$$;
