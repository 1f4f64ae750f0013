// One logger for the process: a line per thing that a person would act on, to stderr, as text for
// people or as JSON lines for machines. Payloads are never logged at info level or above.
//
// A message is "what happened key=value key=value", lower case, without a full stop. An error in it
// has its code behind it, as with_code() puts it there; a JSON line repeats that in a field `code`.
//
// Threads: log() may be used from any thread; configure_log() before the first of them starts.
#pragma once

#include <spdlog/logger.h>

#include <string_view>

namespace baton {

enum class LogFormat { human, json };

/// Sets format and level ("debug", "info", "warn", "error", "off") of log().
void configure_log(LogFormat format, std::string_view level);

/// The process's logger. Until configure_log(): human, info.
spdlog::logger& log();

}  // namespace baton
