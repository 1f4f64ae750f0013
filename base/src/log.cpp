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
        append(line, "\"");
        const std::string_view text{message.payload.data(), message.payload.size()};
        if (const std::string_view code = code_in(text); !code.empty()) {
            append(line, R"(,"code":")");
            append(line, code);
            append(line, "\"");
        }
        append(line, R"(,"message":)");
        append(line, json_quoted(text));
        append(line, "}\n");
    }

    [[nodiscard]] std::unique_ptr<spdlog::formatter> clone() const override {
        return std::make_unique<JsonFormatter>();
    }

private:
    // "BT017" of "… [BT017] …", or nothing. The last one: what stands before it may be quoted.
    static std::string_view code_in(std::string_view text) {
        constexpr std::size_t length = 5;
        const std::size_t at = text.rfind("[BT");
        if (at == std::string_view::npos || text.size() < at + length + 2) return {};
        const std::string_view code = text.substr(at + 1, length);
        const bool is_code = text[at + 1 + length] == ']' &&
                             code.find_first_not_of("0123456789", 2) == std::string_view::npos;
        return is_code ? code : std::string_view();
    }

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
