// One logger for the process: a line per thing that a person would act on, to stderr, as text for
// people or as JSON lines for machines. Payloads are never logged at info level or above.
//
// A message is "what happened", lower case, without a full stop; what it happened to are fields:
// log_line(level, "leading", {{"schema", schema}, {"epoch", 7}}). People read
// "leading schema=baton_dev epoch=7", machines
// {"message":"leading","schema":"baton_dev","epoch":7}. An error in a message has its code behind
// it, as with_code() puts it there; a JSON line repeats that in a field `code`. Whatever a message
// or a field holds, it stays on its line and in its field, and has no power over a terminal.
//
// Threads: log() and log_line() may be used from any thread; configure_log() before the first of
// them starts.
#pragma once

#include <spdlog/logger.h>

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>
#include <type_traits>
#include <variant>

namespace baton {

enum class LogFormat { human, json };

/// A field of a line: text, or a whole number. It refers to its text, and lives as long as the
/// call.
struct LogField {
    std::string_view name;
    std::variant<std::string_view, std::int64_t> value;

    LogField(std::string_view field, std::string_view text) : name(field), value(text) {}
    LogField(std::string_view field, const std::string& text)
        : name(field), value(std::string_view(text)) {}
    LogField(std::string_view field, const char* text)
        : name(field), value(std::string_view(text)) {}
    template <class Number>
    requires std::is_integral_v<Number> || std::is_enum_v<Number> LogField(std::string_view field,
                                                                           Number number)
        : name(field), value(static_cast<std::int64_t>(number)) {}
};

/// Sets format and level ("debug", "info", "warn", "error", "off") of log().
void configure_log(LogFormat format, std::string_view level);

/// The process's logger. Until configure_log(): human, info.
spdlog::logger& log();

/// Logs a message with fields, whose names are none of time, level, code, message.
void log_line(spdlog::level::level_enum level, std::string_view message,
              std::initializer_list<LogField> fields);

}  // namespace baton
