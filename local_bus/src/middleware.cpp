#include "baton/local_bus/middleware.hpp"

#include "baton/base/log.hpp"

namespace baton {

Middleware log_messages(Level level) {
    constexpr spdlog::level::level_enum levels[] = {spdlog::level::trace, spdlog::level::debug,
                                                    spdlog::level::info, spdlog::level::warn,
                                                    spdlog::level::err};
    return [in_log = levels[static_cast<std::size_t>(level)]](const Message& message,
                                                              const Next& next) {
        log_line(in_log, "message",
                 {{"topic", message.topic()},
                  {"number", static_cast<std::int64_t>(message.sequence())}});
        next();
    };
}

Middleware least_level(Level least) {
    return [least](const Message& message, const Next& next) {
        const auto level = bus::level_of(message);
        if (!level || *level >= least) next();
    };
}

}  // namespace baton
