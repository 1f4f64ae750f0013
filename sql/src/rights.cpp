#include "baton/sql/rights.hpp"

#include <string_view>

#include "baton/sql/failure.hpp"

namespace baton::sql {

bool lacks_right(const Error& error) {
    const auto* const server = dynamic_cast<const SqlError*>(&error);
    return server != nullptr && server->sqlstate() == "42501";
}

// In another language than English the last advice is given, which is never wrong.
std::string advice_on_rights(const Error& error) {
    if (!lacks_right(error)) return "";
    const std::string_view what = error.what();
    const auto says = [&](std::string_view words) { return what.find(words) != what.npos; };
    // Functions of ours: require_operator(), this_cluster().
    if (says("is no development environment") || says("let a superuser run: ")) return "";
    if (says("row-level security")) {
        return "; who reads the log must see all of it: `baton doctor` says what to switch off";
    }
    for (const std::string_view kind : {"function pg_", "view pg_", "table pg_"}) {
        if (!says("permission denied for " + std::string(kind))) continue;
        return "; every role has this right, unless it was revoked from public: let a superuser "
               "grant it to the owner of the environment and to the roles that log in";
    }
    return "; this role lacks a right: `baton doctor` lists the group roles to grant";
}

}  // namespace baton::sql
