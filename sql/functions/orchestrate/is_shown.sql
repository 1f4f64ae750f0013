-- is_shown: whether the public view shows a version, once that is live. Internal.
--
-- Access: orchestrate
create or replace function is_shown(view text, version integer)
returns boolean
language sql
stable
set search_path from current
as $$
    select exists (
        select from pg_rewrite r
          join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
         where r.ev_class = to_regclass(pg_catalog.format('%I.%I', current_schema(), view))
           and d.refclassid = 'pg_class'::regclass
           and d.refobjid = to_regclass(pg_catalog.format('%I.%I', current_schema(),
                                                          view || '__v' || version::text)));
$$;
