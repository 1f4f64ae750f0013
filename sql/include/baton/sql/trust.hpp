// Whose code a session runs when it works in an environment: the schema's owner's, and that of its
// orchestrators. Anybody who may make a schema can make one that looks like an environment and
// whose functions do whatever they please, with the rights of whoever calls them. So nothing is
// called in a schema before it was asked whose that is; and that is asked of Postgres' catalogue
// alone.
//
// Threads: a Transaction belongs to one thread.
#pragma once

#include <string>

#include "baton/sql/connection.hpp"

namespace baton::sql {

/// From here to the end of the transaction no name is looked for outside of pg_catalog: elsewhere
/// somebody could have made an operator or a function that fits better than Postgres' own.
void look_in_catalogue_only(Transaction& transaction);

/// Throws Error(schema_untrusted) unless the login trusts the owner of `schema`: it is the owner,
/// or a member of that role or of a group role of the environment; or the owner is a superuser, or
/// owns the database. A superuser trusts superusers only. A schema that is not there is no error.
/// Leaves the transaction as look_in_catalogue_only() does.
void require_trusted(Transaction& transaction, const std::string& schema);

}  // namespace baton::sql
