#include "statistics.hpp"

#include <fmt/format.h>

#include "baton/sql/failure.hpp"
#include "command_line.hpp"
#include "versions.hpp"

namespace baton::cli {

std::string instant_of(sql::Connection& connection, const std::string& flag,
                       const std::string& text) {
    const bool is_ago = is_span(text);
    std::string said = text;
    // "15 min ago" is before now, too.
    if (is_ago && said.ends_with(" ago")) said.resize(said.size() - 4);
    try {
        sql::Transaction transaction(connection);
        return std::string(
            transaction
                .exec(
                    std::string(is_ago ? "select (clock_timestamp() - $1::interval)::timestamptz(0)"
                                       : "select $1::timestamptz"),
                    {said})
                .only()
                .text(0));
    } catch (const sql::SqlError& error) {
        if (!error.sqlstate().starts_with("22")) throw;
        refuse(flag + ": " + text + " is no time; say \"2026-11-22 13:00\", or \"15 min\" for ago");
    }
}

std::optional<std::string> span_text(const std::optional<std::string>& seconds) {
    if (!seconds) return std::nullopt;
    const double value = std::stod(*seconds);
    if (value < 0.0995) return fmt::format("{:.1f} ms", value * 1000);
    if (value < 1) return fmt::format("{:.0f} ms", value * 1000);
    if (value < 9.95) return fmt::format("{:.1f} s", value);
    return duration_text(value);
}

std::optional<std::string> share_text(const std::optional<std::string>& share) {
    if (!share) return std::nullopt;
    return fmt::format("{:.2f}%", std::stod(*share) * 100);
}

}  // namespace baton::cli
