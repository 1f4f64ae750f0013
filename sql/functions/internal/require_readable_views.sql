-- require_readable_views: refuse to keep rows for members that who asks for it may not read.
-- Internal: open_task_set().
--
-- Arguments   views: names; what is no view here is left to freeze_inputs().
-- Raises      42501 the session's login may not read one.
create or replace function require_readable_views(views text[])
returns void
language plpgsql
stable
set search_path from current
as $$
declare
    unread text;
begin
    select v.view into unread
      from pg_catalog.unnest(require_readable_views.views) as v (view)
     where not pg_catalog.has_table_privilege(
               session_user, to_regclass(pg_catalog.format('%I.%I', current_schema(), v.view)),
               'select')
     limit 1;
    if found then
        raise exception '% may not read view %: let the owner run grant_view(), or leave it out of '
            'the inputs', session_user, unread
            using errcode = '42501';
    end if;
end;
$$;
