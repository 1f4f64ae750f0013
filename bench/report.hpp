// What was measured, and how it is told: a table for people, JSON lines for machines.
//
// Threads: one.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace baton::bench {

/// What must be reached.
struct Goal {
    enum class Of { ratio, baton };
    Of of = Of::ratio;
    bool at_least = true;  ///< Else at most.
    double bound = 0;
};

/// One figure: a median over the rounds.
struct Figure {
    std::string measure;
    std::string config;
    std::string unit;
    double baton = 0;
    std::optional<double> bare = std::nullopt;  ///< Bare Postgres, in the same rounds.
    std::optional<Goal> goal = std::nullopt;

    [[nodiscard]] std::optional<double> ratio() const;
    /// Nothing without a goal.
    [[nodiscard]] std::optional<bool> holds() const;
};

[[nodiscard]] std::string heading();
[[nodiscard]] std::string table_row(const Figure& figure);
[[nodiscard]] std::string json_line(const Figure& figure);

/// Of at least one value.
[[nodiscard]] double median(std::vector<double> values);
/// The value below which `part` (0 to 1) of the values lie. Of at least one value.
[[nodiscard]] double percentile(std::vector<double> values, double part);

}  // namespace baton::bench
