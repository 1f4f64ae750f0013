#include "baton/base/ports.hpp"

#include <algorithm>

namespace baton {

bool has_numbers_as_ports(std::string_view hosts) {
    while (!hosts.empty()) {
        std::string_view host = hosts.substr(0, hosts.find(','));
        hosts.remove_prefix(std::min(hosts.size(), host.size() + 1));
        if (host.starts_with('[')) host.remove_prefix(std::min(host.size(), host.find(']')));
        const std::size_t colon = host.find(':');
        if (colon != std::string_view::npos &&
            host.find_first_not_of("0123456789", colon + 1) != std::string_view::npos)
            return false;
    }
    return true;
}

}  // namespace baton
