// The log as machines read it: a JSON object a line; and that no text forges one.
#include "baton/base/log.hpp"

#include <gtest/gtest.h>

#include "baton/base/error.hpp"

namespace baton {
namespace {

// What is logged for `message`, without its time.
std::string line_of(const std::string& message) {
    configure_log(LogFormat::json, "info");
    ::testing::internal::CaptureStderr();
    log().warn("{}", message);
    const std::string line = ::testing::internal::GetCapturedStderr();
    return line.substr(line.find(",\"level\""));
}

TEST(LogTest, JsonLineHasTheCodeOfAnErrorAsAField) {
    EXPECT_EQ(line_of(with_code(ErrorCode::view_unknown, "no view \"x\"")),
              R"(,"level":"warning","code":"BT023","message":"no view \"x\" [BT023]"})"
              "\n");
    EXPECT_EQ(line_of("put off: gone [BT017]; try 2"),
              R"(,"level":"warning","code":"BT017","message":"put off: gone [BT017]; try 2"})"
              "\n");
}

TEST(LogTest, JsonLineOfWhatIsNoErrorHasNoCode) {
    for (const std::string message : {"leading", "[BT01]", "[BTabc]", "ends in [BT", "[BT0171"}) {
        EXPECT_EQ(line_of(message), R"(,"level":"warning","message":")" + message + "\"}\n");
    }
}

TEST(LogTest, FieldsAreFieldsAndNothingInThemMakesAnother) {
    configure_log(LogFormat::json, "info");
    ::testing::internal::CaptureStderr();
    log_line(spdlog::level::info, "leading",
             {{"schema", "baton_dev"}, {"epoch", 7}, {"node", "a epoch=8\n\033[2J\""}});
    log().info("next");
    const std::string lines = ::testing::internal::GetCapturedStderr();
    EXPECT_NE(lines.find(R"("level":"info","message":"leading","schema":"baton_dev","epoch":7,)"
                         R"("node":"a epoch=8\n\u001b[2J\""})"
                         "\n"),
              std::string::npos)
        << lines;
    EXPECT_NE(lines.find("\"message\":\"next\"}\n"), std::string::npos) << lines;
}

TEST(LogTest, AnErrorInAFieldGivesTheLineItsCode) {
    configure_log(LogFormat::json, "info");
    ::testing::internal::CaptureStderr();
    log_line(spdlog::level::warn, "put off", {{"try", 2}, {"error", "gone [BT017]"}});
    const std::string line = ::testing::internal::GetCapturedStderr();
    EXPECT_NE(line.find(R"("level":"warning","code":"BT017","message":"put off","try":2,)"),
              std::string::npos)
        << line;
}

}  // namespace
}  // namespace baton
