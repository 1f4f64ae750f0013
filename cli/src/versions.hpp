// Versions as people see them: a table of those that there are, and one line for the build that has
// furthest to go. Both are made of what the database's versions() says.
//
// Threads: the main thread only.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "baton/sql/connection.hpp"
#include "json_value.hpp"
#include "output.hpp"
#include "progress.hpp"

namespace baton::cli {

/// A line for each view of each version; columns in which nothing would stand are left out.
[[nodiscard]] Table versions_table(const JsonValue& versions);
/// A line for each version of each handler.
[[nodiscard]] Table handlers_table(const JsonValue& versions);

/// The first three of an array of names, and how many more there are; "" for none.
[[nodiscard]] std::string names_text(const JsonValue& names);

/// "in 20 s", as a person says it: "20 s", "4 min", "3 h".
[[nodiscard]] std::string duration_text(double seconds);

/// Shows how builds come along while a verb waits for them: a bar on a terminal; elsewhere a line
/// on stderr whenever one comes into another state.
class BuildWatch {
public:
    using Clock = std::chrono::steady_clock;

    /// `sets` ("set@version"): which to watch; none: all that are being built.
    explicit BuildWatch(std::vector<std::string> sets = {}) : sets_(std::move(sets)) {}

    /// Looks, twice a second at most, and shows what it saw. Returns whether a build of these still
    /// has something to do. Throws Error(view_halted) where one is halted.
    bool look(sql::Connection& connection);

private:
    struct Build {
        std::string name;   // "view@version"
        std::string state;  // as versions() has it
        std::string reason;
        std::int64_t position = 0;
        std::int64_t lag = 0;
        std::optional<double> rate;
        std::optional<double> seconds_left;
    };
    [[nodiscard]] std::vector<Build> unfinished(const JsonValue& versions) const;
    void show(const std::vector<Build>& builds);

    const std::vector<std::string> sets_;
    const ProgressBar bar_;
    std::string said_;
    std::optional<Clock::time_point> unkept_since_;
    std::optional<Clock::time_point> looked_;
    bool is_unfinished_ = false;
};

}  // namespace baton::cli
