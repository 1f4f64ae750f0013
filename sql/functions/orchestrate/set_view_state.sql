-- set_view_state: note where a view stands. Internal, for the leader; call fence() in the same
-- transaction, and write the effects of the events up to there, see write_effects().
--
-- Arguments   state, position, reason: as in view_state.
-- Tables      view_state: update.
-- Access: orchestrate
create or replace function set_view_state(
    view text, state text, "position" bigint, reason text default null)
returns void
language sql
volatile
set search_path from current
as $$
    update view_state s
       set state = set_view_state.state, position = set_view_state.position,
           reason = set_view_state.reason, changed_at = clock_timestamp(),
           effects_to = greatest(s.effects_to, set_view_state.position)
     where s.view = set_view_state.view;
$$;
