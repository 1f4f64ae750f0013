// What a header of an endpoint's requests may be.
//
// Threads: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace baton::environments {

/// Why `text` is no header "name: value" that a [[handler]] may have; nothing where it is one. The
/// message has no value in it.
[[nodiscard]] std::optional<std::string> header_fault(std::string_view text);

}  // namespace baton::environments
