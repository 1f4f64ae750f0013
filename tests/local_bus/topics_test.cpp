// Which topics a pattern is for: the examples of the README, what is refused, and the trie against
// the plain comparison.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <optional>
#include <set>

#include "baton/base/error.hpp"
#include "baton/local_bus/bus.hpp"
#include "local_bus/messages.hpp"

namespace baton::testing {
namespace {

std::uint64_t heard(std::string_view pattern, std::string_view topic) {
    Bus bus;
    const Inbox<RegionDone> inbox = bus.inbox<RegionDone>({.topic = pattern});
    return bus.publish(RegionDone{"north", 1}, {.topic = topic}).accepted;
}

TEST(TopicTest, APatternIsExactOrHasStars) {
    EXPECT_EQ(heard("region/done", "region/done"), 1U);
    EXPECT_EQ(heard("region/done", "region/done/late"), 0U);
    EXPECT_EQ(heard("region/done", "region"), 0U);
    EXPECT_EQ(heard("region/*", "region/done"), 1U);
    EXPECT_EQ(heard("region/*", "region/done/late"), 0U);
    EXPECT_EQ(heard("region/*", "region"), 0U);
    EXPECT_EQ(heard("*/done", "region/done"), 1U);
    EXPECT_EQ(heard("*/done", "region/started"), 0U);
    EXPECT_EQ(heard("region/**", "region"), 1U);
    EXPECT_EQ(heard("region/**", "region/done/late"), 1U);
    EXPECT_EQ(heard("region/**", "regions/done"), 0U);
    EXPECT_EQ(heard("**", "region"), 1U);
    EXPECT_EQ(heard("*", "region/done"), 0U);
}

std::string refusal(std::string_view pattern, std::string_view topic) {
    try {
        static_cast<void>(heard(pattern, topic));
        return "";
    } catch (const Error& error) {
        return with_code(error.code(), error.what());
    }
}

TEST(TopicTest, WhatIsNoTopicIsRefused) {
    EXPECT_EQ(refusal("**", "region//done"),
              "topic \"region//done\" has an empty level: leave out a '/' [BT046]");
    EXPECT_EQ(refusal("**", "region/*"),
              "topic \"region/*\" has a '*', which only subscribers may use [BT046]");
    EXPECT_EQ(refusal("**", std::string(256, 'a')),
              "topic \"" + std::string(255, 'a') + "\" has not 1 to 255 bytes [BT046]");
    EXPECT_EQ(refusal("**", std::string(255, 'a')), "");
    EXPECT_EQ(refusal("**", "1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16"), "");
    EXPECT_EQ(
        refusal("**", "1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17"),
        "topic \"1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17\" has more than 16 levels [BT046]");
    EXPECT_EQ(refusal("**", std::string_view("a\0b", 3)),
              "topic \"(binary)\" has control characters [BT046]");
    EXPECT_EQ(
        refusal("region/**/done", "region"),
        "pattern \"region/**/done\" has a '*' that is no level of its own, or a \"**\" before "
        "its end [BT046]");
    EXPECT_EQ(refusal("reg*", "region"),
              "pattern \"reg*\" has a '*' that is no level of its own, or a \"**\" before its end "
              "[BT046]");
}

// Level by level, as one would write it down.
bool should_match(const std::vector<std::string>& pattern, const std::vector<std::string>& topic) {
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (pattern[i] == "**") return true;
        if (i >= topic.size() || (pattern[i] != "*" && pattern[i] != topic[i])) return false;
    }
    return pattern.size() == topic.size();
}

std::string joined(const std::vector<std::string>& levels) {
    std::string text;
    for (const std::string& level : levels) text += (text.empty() ? "" : "/") + level;
    return text;
}

rc::Gen<std::vector<std::string>> levels(const std::vector<std::string>& names) {
    return rc::gen::mapcat(rc::gen::inRange<std::size_t>(1, 5), [names](std::size_t count) {
        return rc::gen::container<std::vector<std::string>>(count, rc::gen::elementOf(names));
    });
}

TEST(TopicTest, SubscribersOfManyPatternsGetWhatMatches) {
    EXPECT_TRUE(rc::check([] {
        using Levels = std::vector<std::string>;
        auto patterns = *rc::gen::container<std::vector<Levels>>(levels({"a", "b", "c", "*"}));
        for (Levels& pattern : patterns) {
            if (*rc::gen::inRange(0, 3) == 0) pattern.back() = "**";
        }
        Bus bus;
        std::set<Levels> retained;
        std::vector<std::optional<Inbox<RegionStarted>>> inboxes(patterns.size());
        for (int round = 0; round < 20; ++round) {
            // Subscriptions come and go, and with them what the bus remembers of a topic's way.
            if (!inboxes.empty()) {
                const auto at = *rc::gen::inRange<std::size_t>(0, inboxes.size());
                if (inboxes[at]) {
                    inboxes[at].reset();
                } else {
                    inboxes[at] = bus.inbox<RegionStarted>({.topic = joined(patterns[at])});
                    for (const Levels& topic : retained) {
                        if (!should_match(patterns[at], topic)) continue;
                        RC_ASSERT(inboxes[at]->take() != nullptr);
                    }
                    RC_ASSERT(inboxes[at]->take() == nullptr);
                }
            }
            const Levels topic = *levels({"a", "b", "c"});
            retained.insert(topic);
            const std::string name = joined(topic);
            bus.publish(RegionStarted{name}, {.topic = name, .retain = true});
            for (std::size_t i = 0; i < inboxes.size(); ++i) {
                if (!inboxes[i]) continue;
                const auto message = inboxes[i]->take();
                RC_ASSERT((message != nullptr) == should_match(patterns[i], topic));
            }
        }
    }));
}

}  // namespace
}  // namespace baton::testing
