// What an endpoint's answer means for its task, and for the endpoint: docs/endpoints.md.
//
// Threads: pure functions.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "baton/node_agent/outcome.hpp"
#include "http_loop.hpp"

namespace baton::node {

struct EndpointVerdict {
    enum class Endpoint : std::uint8_t {
        works,    ///< It did what it is for.
        nothing,  ///< Nothing is known of it.
        fails,    ///< It, or the way to it, does not work.
        is_busy,  ///< It asks for a pause: the outcome's.
        is_gone,  ///< It wants nothing any more.
    };
    Outcome outcome;
    Endpoint endpoint = Endpoint::nothing;
};

/// The header that names the version which answered.
inline constexpr const char* version_header = "baton-handler-version";

/// `secrets`: what no text may have.
[[nodiscard]] EndpointVerdict verdict_of(const HttpAnswer& answer, int version,
                                         const std::vector<std::string>& secrets);

/// The result that a body is: itself where it is JSON.
[[nodiscard]] std::string result_of(std::string_view body);

}  // namespace baton::node
