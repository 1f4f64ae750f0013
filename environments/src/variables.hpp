// "${VARIABLE}" inside the URL of a file, so that a file can be committed without its secrets.
//
// Threads: no state is kept.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace baton::environments {

using Variable = std::function<std::optional<std::string>(const std::string& name)>;

/// `url` with each ${NAME} replaced. A value that is only a part of the URL is encoded for its
/// place, so that a password may have any character. What is wrong is added to `problems`.
[[nodiscard]] std::string expanded_url(const std::string& url, const Variable& variable,
                                       std::vector<std::string>& problems);

}  // namespace baton::environments
