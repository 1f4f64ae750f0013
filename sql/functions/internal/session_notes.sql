-- session_notes: that what others' sessions do cannot be seen. Internal: status().
--
-- Returns     one line, or none.
create or replace function session_notes()
returns text[]
language sql
stable
set search_path from current
as $$
    select case when sees_all_sessions() then '{}'
                else array[pg_catalog.format(
                    'what sessions of other roles do cannot be seen: grant pg_read_all_stats to %I',
                    current_user)] end;
$$;
