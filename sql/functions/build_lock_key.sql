-- build_lock_key: the key of the advisory lock that the builder of a view version holds. Internal.
create or replace function build_lock_key(view text, version integer)
returns bigint
language sql
immutable
set search_path from current
as $$
    select pg_catalog.hashtextextended(
        'baton build of ' || current_schema() || '.' || view || '@' || version, 0);
$$;
