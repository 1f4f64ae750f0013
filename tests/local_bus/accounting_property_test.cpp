// The same as accounting_test.cpp, but exactly: on one thread each fate can be foretold, so that a
// model says of every message, policy and depth what publish() tells, what is taken, and what the
// counts are.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <deque>
#include <list>

#include "baton/local_bus/bus.hpp"
#include "local_bus/messages.hpp"

namespace baton::testing {
namespace {

enum class Policy : std::uint8_t { block, oldest, newest, conflate };

WhenFull when_full(Policy policy) {
    switch (policy) {
        case Policy::block:
            return Block{std::chrono::milliseconds(0)};
        case Policy::oldest:
            return DropOldest{};
        case Policy::newest:
            return DropNewest{};
        case Policy::conflate:
            return Conflate{"publisher"};
    }
    return DropNewest{};
}

bool is_for(std::string_view pattern, std::string_view topic) {
    return pattern == "**" || pattern == topic || (pattern == "a/*" && topic == "a/b");
}

// What an inbox should be.
struct Twin {
    Inbox<Count> inbox;
    std::string pattern;
    Policy policy;
    std::size_t depth;
    std::deque<std::pair<std::string, Count>> waiting = {};
    std::uint64_t published = 0;
    std::uint64_t delivered = 0;
    std::uint64_t dropped = 0;

    void offer(const std::string& topic, const Count& count, Published& told) {
        ++published;
        if (policy == Policy::conflate) {
            for (auto& [other, there] : waiting) {
                if (other != topic || there.publisher != count.publisher) continue;
                there = count;
                ++dropped;
                ++told.accepted;
                ++told.displaced;
                return;
            }
        }
        if (waiting.size() >= depth) {
            ++dropped;
            if (policy == Policy::newest) ++told.refused;
            if (policy == Policy::block) ++told.timed_out;
            if (policy == Policy::newest || policy == Policy::block) return;
            waiting.pop_front();
            ++told.displaced;
        }
        waiting.emplace_back(topic, count);
        ++told.accepted;
    }
    void check() const {
        const SubscriptionStats stats = inbox.stats();
        RC_ASSERT(stats.published == published);
        RC_ASSERT(stats.delivered == delivered);
        RC_ASSERT(stats.dropped == dropped);
        RC_ASSERT(stats.in_flight == waiting.size());
        RC_ASSERT(stats.published ==
                  stats.delivered + stats.dropped + stats.discarded + stats.in_flight);
    }
};

class Model {
public:
    void step() {
        switch (*rc::gen::inRange(0, 8)) {
            case 0:
                return subscribe();
            case 1:
                return leave();
            case 2:
            case 3:
                return take();
            default:
                return publish();
        }
    }
    void end() {
        std::uint64_t left = discarded_;
        for (const Twin& twin : twins_) left += twin.waiting.size();
        bus_.close();
        RC_ASSERT(bus_.stats().ended.discarded == left);
        RC_ASSERT(bus_.stats().ended.in_flight == 0U);
    }

private:
    void subscribe() {
        const std::string pattern =
            *rc::gen::elementOf(std::vector<std::string>{"**", "a/*", "a/b", "c"});
        const Policy policy =
            *rc::gen::element(Policy::block, Policy::oldest, Policy::newest, Policy::conflate);
        const auto depth = *rc::gen::inRange<std::size_t>(1, 5);
        twins_.push_back(
            {bus_.inbox<Count>({.topic = pattern, .depth = depth, .when_full = when_full(policy)}),
             pattern, policy, depth});
    }
    void leave() {
        if (twins_.empty()) return;
        discarded_ += twins_.front().waiting.size();
        twins_.pop_front();
        RC_ASSERT(bus_.stats().ended.discarded == discarded_);
    }
    void take() {
        for (Twin& twin : twins_) {
            const auto taken = twin.inbox.take();
            RC_ASSERT((taken == nullptr) == twin.waiting.empty());
            if (!taken) continue;
            RC_ASSERT(taken->number == twin.waiting.front().second.number);
            twin.waiting.pop_front();
            ++twin.delivered;
            twin.check();
        }
    }
    void publish() {
        const std::string topic = *rc::gen::elementOf(std::vector<std::string>{"a/b", "c", "d"});
        const Count count{*rc::gen::inRange<std::int64_t>(0, 3), ++number_};
        Published expected;
        for (Twin& twin : twins_) {
            if (is_for(twin.pattern, topic)) twin.offer(topic, count, expected);
        }
        const Published told = bus_.publish(count, {.topic = topic});
        RC_ASSERT(told.sequence == static_cast<std::uint64_t>(number_));
        RC_ASSERT(told.accepted == expected.accepted);
        RC_ASSERT(told.displaced == expected.displaced);
        RC_ASSERT(told.refused == expected.refused);
        RC_ASSERT(told.timed_out == expected.timed_out);
        RC_ASSERT(told.is_whole() == expected.is_whole());
        for (const Twin& twin : twins_) twin.check();
    }

    Bus bus_;
    std::list<Twin> twins_;
    std::int64_t number_ = 0;
    std::uint64_t discarded_ = 0;
};

TEST(AccountingPropertyTest, EachMessageHasTheFateThatItsPolicyForetells) {
    const bool holds = rc::check("random subscribers, policies and messages", [] {
        Model model;
        const int steps = *rc::gen::inRange(1, 80);
        for (int i = 0; i < steps; ++i) model.step();
        model.end();
    });
    EXPECT_TRUE(holds);
}

}  // namespace
}  // namespace baton::testing
