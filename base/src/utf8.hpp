// UTF-8, character by character. Internal to base/.
//
// Threads: pure functions.
#pragma once

#include <cstddef>
#include <string_view>

namespace baton {

/// The length of the valid UTF-8 sequence at the start of `text`, or 0 (RFC 3629: no overlong
/// forms, no surrogates, nothing above U+10FFFF). `text` must not be empty.
[[nodiscard]] std::size_t utf8_length(std::string_view text);

}  // namespace baton
