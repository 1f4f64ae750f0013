#include "baton/sql/transport.hpp"

#include <libpq-fe.h>

#include <map>
#include <memory>

#include "baton/base/error.hpp"

namespace baton::sql {
namespace {

using Options = std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)>;

void take(const Options& from, std::map<std::string, std::string>& to) {
    for (const PQconninfoOption* option = from.get(); option && option->keyword; ++option) {
        if (option->val) to[option->keyword] = option->val;
    }
}

bool is_here(std::string_view host) {
    return host.empty() || host.front() == '/' || host.front() == '@' || host == "localhost" ||
           host == "::1" || host.starts_with("127.");
}

// Of several, with commas between.
bool are_here(std::string_view hosts) {
    for (;;) {
        const std::size_t comma = hosts.find(',');
        if (!is_here(hosts.substr(0, comma))) return false;
        if (comma == std::string_view::npos) return true;
        hosts.remove_prefix(comma + 1);
    }
}

}  // namespace

Transport transport_of(std::string_view url) {
    const Options defaults(PQconndefaults(), &PQconninfoFree);
    const Options given(PQconninfoParse(std::string(url).c_str(), nullptr), &PQconninfoFree);
    if (!given) throw Error(ErrorCode::settings_invalid, "the connection URL cannot be read");
    std::map<std::string, std::string> options;
    take(defaults, options);
    take(given, options);
    // libpq takes the authority of the system for a name that is to be checked.
    if (options["sslrootcert"] == "system") options["sslmode"] = "verify-full";
    return {are_here(options["hostaddr"]) && are_here(options["host"]), options["sslmode"]};
}

}  // namespace baton::sql
