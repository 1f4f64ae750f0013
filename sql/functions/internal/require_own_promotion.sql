-- require_own_promotion: raise where what is to be promoted contradicts what view sets name: a
-- handler that is in a set is live with it. Internal: promote().
--
-- Arguments   view_sets, versions, handlers, handler_versions: of promote(), told apart.
-- Raises      BT035.
-- Tables      set_handler, set_version: read. See handlers_of_sets().
create or replace function require_own_promotion(
    view_sets text[], versions integer[], handlers text[], handler_versions integer[])
returns void
language plpgsql
stable
set search_path from current
as $$
#variable_conflict use_column
declare
    own record;
begin
    select n.*, w.version as wanted into own
      from unnest(require_own_promotion.handlers, require_own_promotion.handler_versions)
           as w (name, version)
      join set_handler n on n.handler = w.name
      join set_version s on s.view_set = n.view_set and s.version = n.set_version
     where case when n.view_set = any (require_own_promotion.view_sets)
                then (n.view_set, n.set_version) in (
                         select p.view_set, p.version
                           from unnest(require_own_promotion.view_sets,
                                       require_own_promotion.versions) as p (view_set, version))
                     and n.version is distinct from w.version
                else s.state = 'live' end
     limit 1;
    if found then
        raise exception 'handler % is in view set %, whose version % has it at version %: promote '
            'a version of the set that has it at %',
            own.handler, own.view_set, own.set_version, own.version,
            coalesce(own.wanted::text, 'another')
            using errcode = 'BT035';
    end if;
    select o.* into own
      from handlers_of_sets(require_own_promotion.view_sets, require_own_promotion.versions) as o
     where o.build is null
     limit 1;
    if found then
        raise exception 'view set %@% has handler %@%, which nobody registered: start a node that '
            'carries it',
            own.view_set, own.set_version, own.handler, own.version
            using errcode = 'BT035';
    end if;
end;
$$;
