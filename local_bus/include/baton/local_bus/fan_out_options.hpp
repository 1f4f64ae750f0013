// How a FanOut is to be, and what is told of it.
//
// Threads: values only.
// Errors: Error(bus_misused) from what is checked here.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "baton/types/fields.hpp"

namespace baton {

struct FanOutOptions {
    int threads = 2;          ///< 1 to 256; with processes 0 to 256
    std::size_t depth = 256;  ///< How many items may wait, 1 to 1,048,576.
    /// How many results may wait until workers do. What they have in hand then comes on top.
    std::size_t results = 65536;
    bool in_order = false;  ///< next() gives results in the order of push().
    /// After that time its scope is cancelled. None: never.
    std::optional<std::chrono::milliseconds> deadline = std::nullopt;
    /// Programs that are workers, too, each with its arguments: {{"python3", "region.py"}}. The
    /// same one twice is two processes; at most 64.
    std::vector<std::vector<std::string>> processes = {};
    /// Where they begin, and where a program's path with a '/' is looked for. Empty: where this
    /// process is.
    std::filesystem::path folder = {};
    /// Of this process's environment, what they get beside HOME, LANG, PATH and the like.
    std::vector<std::string> variables = {};
};

namespace bus {

inline constexpr std::chrono::milliseconds longest_wait = std::chrono::hours(24 * 365);

/// What came of an item: a value, or why there is none.
template <class Result>
struct Gathered {
    using Value = std::conditional_t<std::is_void_v<Result>, std::monostate, Result>;
    std::uint64_t item = 0;  ///< 0, 1, 2, … in the order of push()
    std::optional<Value> value = std::nullopt;
    std::string failure{};
};

/// At every instant pushed = done + failed + discarded + in_flight.
struct FanOutStats {
    std::uint64_t pushed = 0;
    std::uint64_t done = 0;
    std::uint64_t failed = 0;     ///< By two workers.
    std::uint64_t discarded = 0;  ///< They waited when it was cancelled or ended.
    std::uint64_t in_flight = 0;  ///< They wait, or a worker has them.
    std::uint64_t retried = 0;
};

/// Throws Error(bus_misused) unless they can be.
void require_sound(const FanOutOptions& options);
/// The same where there is nothing that a thread could do.
void require_no_threads(const FanOutOptions& options);
[[noreturn]] void refuse_processes(const std::string& why);

/// What can come back from a process.
template <class T>
inline constexpr bool is_transferable = types::is_field_type<T>;

}  // namespace bus
}  // namespace baton
