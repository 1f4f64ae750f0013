// Lines of a log as messages: one topic for each level, so that whoever wants some subscribes.
//
//   task.log(baton::Level::debug, "gathered {} regions", count);  // to "log/debug"
//
// Each has the task, attempt and trace of the bus that it is said on. Nothing of it reaches the
// node's log, or Postgres, unless the environment's file says so (`[bus] to_log`,
// `error_lines`).
//
// Threads: values only; LastLines and forward_lines() as Tap.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "baton/local_bus/message.hpp"
#include "baton/local_bus/tap.hpp"
#include "baton/types/fields.hpp"

namespace baton {

enum class Level : std::uint8_t { silly, debug, info, warn, error };

/// "silly", "debug", "info", "warn", "error".
[[nodiscard]] std::string_view name_of(Level level) noexcept;
/// "log/silly", and so on.
[[nodiscard]] std::string_view log_topic(Level level) noexcept;
[[nodiscard]] std::optional<Level> level_named(std::string_view name) noexcept;

/// Whose bus it is.
struct BusContext {
    std::optional<std::int64_t> task = std::nullopt;
    std::optional<std::int32_t> attempt = std::nullopt;
    std::optional<std::string> trace = std::nullopt;
};

struct LogLine {
    static constexpr std::string_view topic = "log";
    std::string level;
    std::string text;  ///< Valid UTF-8 without NUL, at most 8192 bytes.
    std::optional<std::int64_t> task;
    std::optional<std::int32_t> attempt;
    std::optional<std::string> trace;
    BATON_FIELDS(level, text, task, attempt, trace)
};

namespace bus {

/// One without a text, at its level's topic.
[[nodiscard]] const std::shared_ptr<const TypedMessage<LogLine>>& empty_line(Level level);

/// The level of a LogLine; nothing for another message.
[[nodiscard]] std::optional<Level> level_of(const Message& message) noexcept;

/// Writes each LogLine from `least` on into the process's log, with task, attempt and trace as
/// fields; what is silly there is trace.
[[nodiscard]] std::shared_ptr<Tap> forward_lines(Level least);

/// The last lines of a bus, of all levels, for an attempt that fails.
class LastLines final : public Tap {
public:
    explicit LastLines(std::size_t lines_max) : lines_max_(lines_max) {}

    [[nodiscard]] bool wants(const Message& message) const noexcept override;
    void note(const MessagePtr& message) noexcept override;
    /// "info: read 3 files | warn: one is empty", on one line; the oldest lines are left out where
    /// it would be longer than `bytes_max`. Empty: nothing was said.
    [[nodiscard]] std::string text(std::size_t bytes_max) const;

private:
    const std::size_t lines_max_;
    mutable std::mutex mutex_;
    std::deque<std::string> lines_;
};

}  // namespace bus
}  // namespace baton
