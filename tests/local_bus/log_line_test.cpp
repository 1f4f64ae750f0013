// Lines of a log are messages: a topic for each level, with whose they are, and where they go.
#include "baton/local_bus/log_line.hpp"

#include <gtest/gtest.h>

#include "baton/local_bus/bus.hpp"
#include "local_bus/messages.hpp"

namespace baton::testing {
namespace {

using namespace std::chrono_literals;

struct Costly {
    int* made;
};

}  // namespace
}  // namespace baton::testing

template <>
struct fmt::formatter<baton::testing::Costly> {
    constexpr auto parse(format_parse_context& context) { return context.begin(); }
    template <class Context>
    auto format(const baton::testing::Costly& costly, Context& context) const {
        ++*costly.made;
        return context.out();
    }
};

namespace baton::testing {
namespace {

TEST(LogLineTest, ALineHasItsLevelsTopicAndWhoseItIs) {
    Bus bus({}, {.task = 17, .attempt = 2, .trace = "t1"});
    auto lines = bus.inbox<LogLine>({.topic = "log/*"});
    auto warnings = bus.inbox<LogLine>({.topic = "log/warn"});
    bus.log(Level::silly, "read {} of {}", 3, "north");
    bus.log(Level::warn, "one is empty");
    const auto first = lines.take();
    ASSERT_TRUE(first);
    EXPECT_EQ(first->text, "read 3 of north");
    EXPECT_EQ(first->level, "silly");
    EXPECT_EQ(first->task, 17);
    EXPECT_EQ(first->attempt, 2);
    EXPECT_EQ(first->trace, "t1");
    EXPECT_EQ(warnings.take()->text, "one is empty");
    EXPECT_EQ(warnings.take(), nullptr);
}

TEST(LogLineTest, WhatNobodyWantsIsNotFormatted) {
    Bus bus;
    int made = 0;
    bus.log(Level::debug, "{}", Costly{&made});
    auto infos = bus.inbox<LogLine>({.topic = "log/info"});
    bus.log(Level::debug, "{}", Costly{&made});
    EXPECT_EQ(made, 0);
    EXPECT_EQ(bus.stats().published, 0U);
    bus.log(Level::info, "{}", Costly{&made});
    EXPECT_EQ(made, 1);
    bus.tap(bus::forward_lines(Level::error));
    bus.log(Level::warn, "{}", Costly{&made});
    EXPECT_EQ(made, 1);
    bus.close();
    bus.log(Level::info, "{}", Costly{&made});
    EXPECT_EQ(made, 1);
}

TEST(LogLineTest, AnyBytesCanBeSaid) {
    Bus bus;
    auto lines = bus.inbox<Message>({.topic = "log/**"});
    bus.log(Level::error, "{}", std::string("a\0b\xff{}", 6));
    bus.log(Level::error, "{}", std::string(100'000, 'x'));
    const auto odd = lines.take();
    EXPECT_EQ(odd->as<LogLine>()->text, "a\uFFFDb\uFFFD{}");
    EXPECT_NE(odd->json().find("\"text\":\"a"), std::string::npos);
    EXPECT_EQ(lines.take()->as<LogLine>()->text.size(), 8192U);
}

TEST(LogLineTest, TheLastLinesStandOnOneLineAndAreCapped) {
    Bus bus;
    const auto last = std::make_shared<bus::LastLines>(3);
    bus.tap(last);
    EXPECT_EQ(last->text(1000), "");
    bus.publish(Count{1, 1});
    for (int i = 1; i <= 5; ++i) bus.log(Level::info, "line {}\x1b[2J\n", i);
    EXPECT_EQ(last->text(1000),
              "info: line 3\\x1b[2J\\n | info: line 4\\x1b[2J\\n | info: line 5\\x1b[2J\\n");
    EXPECT_EQ(last->text(50), "info: line 4\\x1b[2J\\n | info: line 5\\x1b[2J\\n");
    EXPECT_EQ(last->text(3), "");
    bus.untap(last);
    bus.log(Level::info, "no more");
    EXPECT_EQ(last->text(30), "info: line 5\\x1b[2J\\n");
    EXPECT_EQ(bus.stats().subscriptions.size(), 0U);
}

TEST(LogLineTest, LevelsHaveNames) {
    for (const Level level : {Level::silly, Level::debug, Level::info, Level::warn, Level::error}) {
        EXPECT_EQ(level_named(name_of(level)), level);
        EXPECT_EQ(bus::level_of(*bus::empty_line(level)), level);
    }
    EXPECT_EQ(level_named("loud"), std::nullopt);
}

}  // namespace
}  // namespace baton::testing
