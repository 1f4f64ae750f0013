#include "session_settings.hpp"

#include <string_view>

namespace baton::sql {
namespace {

// What is left to whoever administers the server: how durable a COMMIT is, how plans are made and
// rows stored, what is logged, and default_transaction_read_only, which Connection tells about.
constexpr std::string_view fixed_settings =
    // How values are read and written.
    "('timezone', 'UTC'), ('datestyle', 'ISO, MDY'), ('intervalstyle', 'postgres'), "
    "('bytea_output', 'hex'), ('extra_float_digits', '1'), ('array_nulls', 'on'), "
    "('xmloption', 'content'), ('lc_monetary', 'C'), ('lc_numeric', 'C'), ('lc_time', 'C'), "
    // What a statement means.
    "('standard_conforming_strings', 'on'), ('backslash_quote', 'safe_encoding'), "
    "('transform_null_equals', 'off'), ('quote_all_identifiers', 'off'), "
    "('check_function_bodies', 'on'), ('default_transaction_isolation', 'read committed'), "
    "('default_transaction_deferrable', 'off'), "
    // How long is enough is for the caller to say; the server would only say that again and again.
    // And what a statement is refused for does not end the session.
    "('statement_timeout', '0'), ('lock_timeout', '0'), ('idle_session_timeout', '0'), "
    "('exit_on_error', 'off'), ('client_min_messages', 'notice'), "
    // Ours are many small statements, and folds are planned anew each time: none is worth a
    // compilation.
    "('jit', 'off')";

// Rows that a policy would hide are an error, not an answer with fewer rows; but for the policies
// that set_tenants() made, which have all rows for whoever is to have them. The search_path is not
// ours yet, so operators are qualified.
std::string row_security_of(const std::string& schema) {
    if (schema.empty()) return "'off'";
    return "(select case when exists (select from pg_catalog.pg_class c "
           "join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace "
           "where n.nspname operator(pg_catalog.=) '" +
           schema +
           "' and c.relname operator(pg_catalog.=) 'task' and c.relforcerowsecurity) "
           "then 'on' else 'off' end)";
}

std::string pins(const SessionTraits& traits, bool is_local) {
    constexpr int transaction_timeout_since = 170000;
    std::string values(fixed_settings);
    const auto add = [&](const std::string& name, const std::string& value) {
        values += ", ('" + name + "', '" + value + "')";
    };
    values += ", ('row_security', " + row_security_of(traits.schema) + ')';
    // Behind a pooler are no orchestrators, but people, who may read a view page by page.
    const auto idle_timeout = is_local ? 0 : traits.idle_in_transaction_timeout.count();
    add("idle_in_transaction_session_timeout", std::to_string(idle_timeout) + "s");
    if (traits.server_version >= transaction_timeout_since) add("transaction_timeout", "0");
    if (!traits.search_path.empty()) add("search_path", traits.search_path);
    // Qualified: the search_path is not ours yet.
    return std::string("select pg_catalog.set_config(name, value, ") +
           (is_local ? "true" : "false") + ") from (values " + values + ") as pinned (name, value)";
}

}  // namespace

std::string read_committed(const std::string& query) {
    return "set transaction isolation level read committed; " + query;
}

std::string session_start(const SessionTraits& traits, int backend_pid, const std::string& query) {
    return read_committed(pins(traits, false) +
                          " where pg_catalog.pg_backend_pid() operator(pg_catalog.=) " +
                          std::to_string(backend_pid) + "; " + query);
}

std::string transaction_start(const SessionTraits& traits, bool fixed) {
    const std::string settings = pins(traits, true);
    return fixed ? settings : read_committed(settings);
}

}  // namespace baton::sql
