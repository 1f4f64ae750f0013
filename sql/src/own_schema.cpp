#include "own_schema.hpp"

#include "baton/sql/connection.hpp"

namespace baton::sql {
namespace {

// Orchestrators are trusted as the owner is, and make tables, views, functions and their types.
// Nobody makes operators or anything else here, which could come between the owner and Postgres'
// own.
constexpr std::string_view own_schema_block = R"sql(do $baton$
declare
    home      constant regnamespace := to_regnamespace(%schema);
    team      constant oid := (select r.oid from pg_roles r
                                where r.rolname = %schema || '_orchestrate');
    owner     pg_roles;
    strangers text;
begin
    -- What is run undoes `set role`.
    if (select me.rolsuper and not acting.rolsuper
          from pg_roles me, pg_roles acting
         where me.rolname = session_user and acting.rolname = current_user)
    then
        raise exception 'the superuser % acts as % here, which what it comes to run could undo: '
            'connect as %',
            session_user, current_user, current_user
            using errcode = 'BT043';
    end if;
    select r.* into owner
      from pg_namespace n
      join pg_roles r on r.oid = n.nspowner
     where n.oid = home;
    if not found then
        return;
    end if;
    if owner.rolname <> current_user then
        raise exception 'the schema % belongs to %, and % would run what % put there: connect as '
            '%, or choose another name',
            home, owner.rolname, session_user, owner.rolname, owner.rolname
            using errcode = 'BT043';
    end if;

    select string_agg(distinct coalesce(r.rolname::text, 'public'), ', ') into strangers
      from pg_namespace n
     cross join lateral aclexplode(n.nspacl) as a
      left join pg_roles r on r.oid = a.grantee
     where n.oid = home and a.privilege_type = 'CREATE'
       and a.grantee <> owner.oid and a.grantee is distinct from team;
    if strangers is not null then
        raise exception '% may create objects in %, which its owner % would come to run: first '
            'revoke create on schema % from %',
            strangers, home, owner.rolname, home, strangers
            using errcode = 'BT043';
    end if;

    select string_agg(made.name, ', ' order by made.name) into strangers
      from (select pg_describe_object(d.classid, d.objid, 0) || ' of ' || r.rolname as name
              from pg_depend d
              join pg_shdepend s on s.classid = d.classid and s.objid = d.objid
                                and s.deptype = 'o' and s.refclassid = 'pg_authid'::regclass
              join pg_roles r on r.oid = s.refobjid
             where d.refclassid = 'pg_namespace'::regclass and d.refobjid = home
               and s.dbid = (select b.oid from pg_database b where b.datname = current_database())
               and r.oid <> owner.oid and not r.rolsuper
               and (d.classid not in ('pg_class'::regclass, 'pg_proc'::regclass,
                                      'pg_type'::regclass)
                    or team is null
                    or not pg_has_role(r.oid, team, 'member'))
             order by 1
             limit 5) as made;
    if strangers is not null then
        raise exception 'somebody else than its owner % made things in %, which % would come to '
            'run: first drop %',
            owner.rolname, home, owner.rolname, strangers
            using errcode = 'BT043';
    end if;
end $baton$;
)sql";

}  // namespace

std::string own_schema_text(const std::string& schema) {
    static constexpr std::string_view variable = "%schema";
    require_schema_name(schema);
    std::string text(own_schema_block);
    const std::string literal = "'" + schema + "'";
    for (auto at = text.find(variable); at != std::string::npos; at = text.find(variable, at)) {
        text.replace(at, variable.size(), literal);
    }
    return text;
}

}  // namespace baton::sql
