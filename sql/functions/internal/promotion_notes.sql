-- promotion_notes: which promotions are waited for, and for what. Internal: status().
--
-- Returns     one line each.
-- Tables      promotion: read.
create or replace function promotion_notes()
returns text[]
language sql
stable
set search_path from current
as $$
    select coalesce(pg_catalog.array_agg(pg_catalog.format(
               'promotion %s (%s) was asked for by %s at %s, and is not carried out yet: %s; '
               '"baton promote --cancel %s" ends it',
               p.id, (select string_agg(pg_catalog.format('%s@%s', w.s, w.v), ', ')
                        from unnest(p.view_sets || p.handlers, p.versions || p.handler_versions)
                             as w (s, v)),
               p.requested_by, date_trunc('second', p.requested_at), promotion_hold(p.id), p.id)),
               '{}')
      from promotion p
     where p.state = 'requested';
$$;
