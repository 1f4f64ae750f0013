// Events of the log on the local buses of a node's tasks: in the log's order, and where something
// is missing that is seen.

#include <atomic>

#include "baton/local_bus/bus.hpp"
#include "baton/node_agent/global_event.hpp"
#include "node_agent/running_agent.hpp"
#include "sql/log_follower.hpp"

namespace baton::testing {
namespace {

using namespace std::chrono_literals;

struct PriceV1 {
    static constexpr std::string_view event_type = "price/changed";
    std::int64_t number = 0;
    BATON_FIELDS(number)
};
struct Price {
    static constexpr std::string_view event_type = "price/changed";
    static constexpr int schema_version = 2;
    using Former = PriceV1;
    static Price upcast(const PriceV1& former) { return {former.number, "EUR"}; }
    std::int64_t number = 0;
    std::string currency;
    BATON_FIELDS(number, currency)
};

class GlobalBusTest : public NodeAgentFixture {
protected:
    NodeOptions hearing() const {
        NodeOptions made = options();
        made.bus.global = {"price/changed", "order/paid"};
        return made;
    }
    // Each is followed by an event that nobody asked for.
    void change(int first, int last) {
        sql::Connection own(url_, in_test_schema());
        for (sql::Connection* const session : {&leader_.reading(), &leader_.writing()}) {
            session->adopt();  // a handler's thread calls this, too
        }
        for (int i = first; i <= last; ++i) {
            own.exec("select dispatch('price/changed', '{\"number\": " + std::to_string(i) +
                     "}', key => 'k'), dispatch('price/seen', '{}')");
        }
        leader_.drain();
    }
    // Until the bus has heard all that is there: what comes now is what is dispatched now.
    void settle(Bus& bus) {
        auto inbox = bus.inbox<GlobalEvent>({.topic = "global/price/changed"});
        change(0, 0);
        while (const auto event = inbox.take(20s)) {
            if (event->content<Price>().number == 0) return;
        }
        ADD_FAILURE() << "the bus does not hear the log";
    }
    // Runs `does` as a task of a node that hears the log, and what it returns. Three changes were
    // made by then, of which the last is at position 5.
    std::string in_task(std::function<std::string(Bus&)> does) {
        std::string said;
        RunningAgent agent(hearing(), handlers([&](const Job&, TaskContext& task) {
                               settle(task.bus());
                               said = does(task.bus());
                               return done();
                           }));
        EXPECT_TRUE(eventually(20s, [&] { return number("select count(*) from follower") == 1; }));
        change(1, 2);  // before anybody subscribes
        enqueue(1);
        EXPECT_TRUE(has_ended(1));
        agent.stop();
        return said;
    }
    static std::string text_of(const GlobalEvent& event) {
        return std::to_string(event.after) + "-" + std::to_string(event.position) + ":" +
               std::to_string(event.content<Price>().number);
    }

    sql::LogFollower leader_{url_};
};

TEST_F(GlobalBusTest, EventsComeInOrderEachWithTheOneBeforeIt) {
    const std::string said = in_task([&](Bus& bus) {
        auto inbox = bus.inbox<GlobalEvent>({.topic = "global/price/changed"});
        auto all = bus.inbox<Message>({.topic = "global/**"});
        change(3, 5);
        std::string text;
        for (int i = 0; i < 3; ++i) {
            if (const auto event = inbox.take(20s)) {
                text += text_of(*event) + event->content<Price>().currency + *event->key + " ";
            }
        }
        if (const auto any = all.take(20s)) text += any->topic();
        return text;
    });
    EXPECT_EQ(said, "5-7:3EURk 7-9:4EURk 9-11:5EURk global/price/changed");
}

TEST_F(GlobalBusTest, WhoLosesSomeOrWasAwaySeesIt) {
    const std::string said = in_task([&](Bus& bus) {
        std::string text;
        const auto hear = [&](Inbox<GlobalEvent>& inbox) {
            if (const auto event = inbox.take(20s)) text += text_of(*event) + " ";
        };
        {
            auto inbox = bus.inbox<GlobalEvent>(
                {.topic = "global/price/changed", .depth = 1, .when_full = DropOldest{}});
            change(3, 3);
            hear(inbox);
            change(4, 6);
            EXPECT_TRUE(eventually(20s, [&] { return inbox.lost() == 2; }));
            hear(inbox);
        }
        auto witness = bus.inbox<GlobalEvent>({.topic = "global/price/changed"});
        change(7, 7);
        EXPECT_TRUE(witness.take(20s));
        auto again = bus.inbox<GlobalEvent>({.topic = "global/price/changed"});
        change(8, 8);
        hear(again);
        return text;
    });
    EXPECT_EQ(said, "5-7:3 11-13:6 15-17:8 ") << "after is not what came before: a gap";
}

TEST_F(GlobalBusTest, LostSessionsMakeNoGap) {
    const std::string said = in_task([&](Bus& bus) {
        auto inbox = bus.inbox<GlobalEvent>({.topic = "global/price/changed"});
        std::int64_t last = 5;
        for (int i = 3; i < 9; ++i) {
            sql::Connection(url_).exec(
                "select pg_terminate_backend(pid) from pg_stat_activity where "
                "application_name like 'baton node%'");
            change(i, i);
            const auto event = inbox.take(20s);
            if (!event || event->after != last) return "a gap at " + std::to_string(i);
            last = event->position;
        }
        return std::string("whole");
    });
    EXPECT_EQ(said, "whole");
}

// As local_bus/README.md has it.
TEST_F(GlobalBusTest, TheSubscriberOfTheReadmeSeesThatItMissedSome) {
    using PriceChanged = Price;
    const std::string said = in_task([&](Bus& bus) {
        const struct {
            Bus& of;
            Bus& bus() const { return of; }
        } task{bus};
        std::int64_t last = 0;
        std::atomic<int> reloaded = 0;
        std::atomic<std::int64_t> applied = 0;
        const auto reload = [&] { ++reloaded; };
        const auto apply = [&](const PriceChanged& price) { applied = price.number; };
        // clang-format off
        auto prices = task.bus().subscribe<baton::GlobalEvent>(
            {.topic = "global/price/changed", .when_full = baton::DropOldest{}},
            [&](const baton::GlobalEvent& event) {
                if (last != 0 && event.after != last) reload();  // a gap: some were dropped
                last = event.position;
                apply(event.content<PriceChanged>());
            });
        // clang-format on
        change(3, 6);
        EXPECT_TRUE(eventually(20s, [&] { return applied == 6; }));
        const bool is_whole = reloaded == 0;
        last = 1;  // as if all since then had been dropped
        change(7, 7);
        EXPECT_TRUE(eventually(20s, [&] { return applied == 7; }));
        prices.end();
        return std::string(is_whole && reloaded == 1 ? "well" : "not well");
    });
    EXPECT_EQ(said, "well");
}

}  // namespace
}  // namespace baton::testing
