#include "baton/sql/trust.hpp"

#include "baton/base/error.hpp"
#include "migration_set.hpp"
#include "own_schema.hpp"

namespace baton::sql {

void look_in_catalogue_only(Transaction& transaction) {
    transaction.exec(std::string(catalogue_only));
}

void require_trusted(Transaction& transaction, const std::string& schema) {
    require_schema_name(schema);
    std::string groups;
    for (const std::string& role : group_roles(schema)) {
        groups += (groups.empty() ? "'" : ", '") + role + "'";
    }
    // Whatever `set role` said, code that is run can undo it: so it is the session's login that
    // counts. A superuser is a member of every role, which says nothing.
    const Result rows = transaction.exec(
        std::string(catalogue_only) +
        "select o.rolname, me.rolname, me.rolsuper, o.rolsuper or o.oid = me.oid or "
        "not me.rolsuper and (o.oid = (select d.datdba from pg_database d where d.datname = "
        "current_database()) or pg_has_role(me.oid, o.oid, 'member') or exists (select from "
        "pg_roles g where g.rolname in (" +
        groups +
        ") and pg_has_role(me.oid, g.oid, 'member'))) "
        "from pg_namespace n join pg_roles o on o.oid = n.nspowner "
        "join pg_roles me on me.rolname = session_user where n.nspname = '" +
        schema + "'");
    if (rows.empty() || rows.only().boolean(3)) return;
    const Row row = rows.only();
    const std::string owner(row.text(0));
    const std::string me(row.text(1));
    throw Error(ErrorCode::schema_untrusted,
                "the schema " + schema + " belongs to " + owner + ", and whatever " + owner +
                    " put there would run with the rights of " + me + "; " +
                    (row.boolean(2) ? "a superuser does not lend them, so connect as " + owner +
                                          " or as a member of " + schema + "_observe"
                                    : "is it the right environment? Then connect as " + owner +
                                          ", or as a member of one of its group roles, as " +
                                          schema + "_observe"));
}

}  // namespace baton::sql
