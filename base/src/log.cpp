#include "baton/base/log.hpp"

#include <spdlog/formatter.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <memory>

#include "baton/base/text.hpp"

namespace baton {
namespace {

// spdlog's pattern language cannot escape the message, so a JSON line needs a formatter of its own.
class JsonFormatter final : public spdlog::formatter {
public:
    void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& line) override {
        time_.format(message, line);
        const auto level = spdlog::level::to_string_view(message.level);
        append(line, R"(","level":")");
        append(line, {level.data(), level.size()});
        append(line, R"(","message":)");
        append(line, json_quoted({message.payload.data(), message.payload.size()}));
        append(line, "}\n");
    }

    [[nodiscard]] std::unique_ptr<spdlog::formatter> clone() const override {
        return std::make_unique<JsonFormatter>();
    }

private:
    static void append(spdlog::memory_buf_t& line, std::string_view text) {
        line.append(text.data(), text.data() + text.size());
    }

    spdlog::pattern_formatter time_{R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z)",
                                    spdlog::pattern_time_type::utc, ""};
};

}  // namespace

spdlog::logger& log() {
    static spdlog::logger logger = [] {
        spdlog::logger made("baton", std::make_shared<spdlog::sinks::stderr_sink_mt>());
        made.set_pattern("%H:%M:%S.%e %^%l%$ %v");
        return made;
    }();
    return logger;
}

void configure_log(LogFormat format, std::string_view level) {
    if (format == LogFormat::json) log().set_formatter(std::make_unique<JsonFormatter>());
    log().set_level(spdlog::level::from_str(std::string(level)));
    log().flush_on(spdlog::level::info);
}

}  // namespace baton
