// Takes apart the URLs of private servers: "postgresql:///name?host=/folder&port=5432&user=baton".
//
// Threads: no state.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace baton::testing {

/// Where a server's unix socket is.
struct UnixUrl {
    std::string host;  ///< The folder.
    std::string port;

    /// Throws std::invalid_argument where `url` names no folder.
    [[nodiscard]] static UnixUrl of(std::string_view url) {
        UnixUrl result{value_in(url, "host="), value_in(url, "port=")};
        if (!result.host.starts_with('/')) {
            throw std::invalid_argument("no unix socket in " + std::string(url));
        }
        if (result.port.empty()) result.port = "5432";
        return result;
    }
    [[nodiscard]] std::string socket_name() const { return "/.s.PGSQL." + port; }

private:
    [[nodiscard]] static std::string value_in(std::string_view url, std::string_view words) {
        for (auto at = url.find('?'); at != std::string_view::npos; at = url.find('&')) {
            url.remove_prefix(at + 1);
            if (!url.starts_with(words)) continue;
            url.remove_prefix(words.size());
            return std::string(url.substr(0, url.find('&')));
        }
        return {};
    }
};

}  // namespace baton::testing
