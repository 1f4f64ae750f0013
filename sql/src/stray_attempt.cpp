// Tells the environments of a database that somebody came for one that is not there: see
// leadership.hpp.
#include <string>
#include <vector>

#include "baton/base/error.hpp"
#include "baton/base/log.hpp"
#include "baton/sql/leadership.hpp"

namespace baton::sql {
namespace {

// Environments of kind development are left out. A function that would run with this login's rights
// is somebody else's code, and not called.
std::vector<std::string> schemas_to_tell(Connection& connection) {
    Transaction transaction(connection);
    const Result rows = transaction.exec(
        "select distinct quote_ident(n.nspname) from pg_namespace n "
        "join pg_proc p on p.pronamespace = n.oid "
        "where p.proname = 'take_lead' and n.nspname like 'baton\\_%' "
        "and not exists (select from pg_proc o where o.pronamespace = n.oid "
        "and o.proname = 'take_lead' and not o.prosecdef) "
        "and obj_description(n.oid, 'pg_namespace') "
        "~ '^Baton environment [a-z0-9-]+ \\(development\\)$' is not true "
        "order by 1 limit 10",
        {});
    std::vector<std::string> schemas;
    for (const Row& row : rows) schemas.emplace_back(row.text(0));
    return schemas;
}

}  // namespace

std::vector<std::string> report_stray(Connection& connection, const Candidate& candidate) {
    std::vector<std::string> told;
    for (const std::string& schema : schemas_to_tell(connection)) {
        try {
            // Who shows no token is never admitted, whatever else is right.
            Transaction transaction(connection);
            transaction.exec(
                "select from " + schema +
                    ".take_lead(node => $1, reducers => '{}', view_sets => '{}', lease => '0 s', "
                    "environment => $2, machine_id => $3)",
                {candidate.node, candidate.membership.environment,
                 candidate.membership.machine_id});
            transaction.commit();
            told.push_back(schema);
        } catch (const Error& error) {
            // A login without rights there is in the server's log alone.
            if (error.retryable()) throw;
            log().debug("{} could not be told: {}", schema, error.what());
        }
    }
    return told;
}

}  // namespace baton::sql
