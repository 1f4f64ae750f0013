// The lines by which a command says how far it has come: `#progress {"done": 5}` on stdout.
//
// Threads: none of its own.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace baton::node {

inline constexpr std::string_view progress_mark = "#progress ";

/// Finds them in what a command writes, as it comes.
class ProgressLines {
public:
    /// `say`: gets JSON text; what is no JSON is a string of it.
    explicit ProgressLines(std::function<void(std::string json)> say) : say_(std::move(say)) {}

    /// Of several that come together the last one is said. A line that is too long for one is none.
    void read(std::string_view bytes);

private:
    static constexpr std::size_t line_max = 16384;

    std::function<void(std::string json)> say_;
    std::string line_;          // that has not ended yet
    bool is_too_long_ = false;  // that one
};

/// What a command wrote, without them.
[[nodiscard]] std::string without_progress(std::string_view output);

}  // namespace baton::node
