// Random lives of a bus with child processes: they work, publish, hear, stall and are killed, while
// subscribers come and go. At each instant the counts balance, for each subscription and for the
// items; each item is answered once; and what a child said of an item that is done is heard in its
// order.
//
// A property of rapidcheck. BATON_SEED draws the same lives again; BATON_BUS_LIVES makes as many.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <list>
#include <map>
#include <set>

#include "baton/local_bus/bus.hpp"
#include "local_bus/conformance.hpp"
#include "support/eventually.hpp"
#include "support/seed.hpp"

namespace baton::testing {
namespace {

using namespace std::chrono_literals;

enum class Deed : std::uint8_t {
    work,
    have_published,
    scale,
    kill,
    stop,
    go_on,
    subscribe,
    leave,
    take,
    gather
};

Deed any_deed() {
    return *rc::gen::weightedElement<Deed>({{6, Deed::work},
                                            {6, Deed::have_published},
                                            {6, Deed::scale},
                                            {3, Deed::kill},
                                            {3, Deed::stop},
                                            {3, Deed::go_on},
                                            {2, Deed::subscribe},
                                            {1, Deed::leave},
                                            {4, Deed::take},
                                            {8, Deed::gather}});
}

WhenFull any_policy() {
    switch (*rc::gen::inRange(0, 4)) {
        case 0:
            return Block{1ms};
        case 1:
            return DropOldest{};
        case 2:
            return DropNewest{};
        default:
            return Conflate{"number"};
    }
}

class Life {
public:
    explicit Life(int children)
        : witness_(bus_.inbox<Number>({.depth = 65'536, .when_full = Block{20s}})),
          pool_(bus_.fan_out<Piece, Sum>(
              {.threads = 0,
               .processes = std::vector<std::vector<std::string>>(
                   static_cast<std::size_t>(children), {BATON_BUS_CHILD})})) {
        RC_ASSERT(eventually(30s, [&] {
            return std::ranges::count(bus_.stats().subscriptions, "scale",
                                      &SubscriptionStats::topic) == children;
        }));
    }

    void do_one(Deed deed) {
        switch (deed) {
            case Deed::work:
                return push("sum");
            case Deed::have_published:
                return push("publish");
            case Deed::scale:
                for (int i = 0; i < 3; ++i) bus_.publish(Scale{1});
                return;
            case Deed::kill:
                ++kills;
                return signal(SIGKILL);
            case Deed::stop:
                return signal(SIGSTOP);
            case Deed::go_on:
                return signal_all(SIGCONT);
            case Deed::subscribe:
                inboxes_.push_back(bus_.inbox<Number>(
                    {.depth = *rc::gen::inRange<std::size_t>(1, 9), .when_full = any_policy()}));
                return;
            case Deed::leave:
                if (!inboxes_.empty()) inboxes_.pop_front();
                return;
            case Deed::take:
                for (auto& inbox : inboxes_) static_cast<void>(inbox.take());
                return;
            case Deed::gather:  // which also gives the children time
                static_cast<void>(gather(5ms));
                return;
        }
    }

    void check_balance() const {
        const BusStats stats = bus_.stats();
        const auto balances = [](const SubscriptionStats& of) {
            return of.published == of.delivered + of.dropped + of.discarded + of.in_flight;
        };
        for (const SubscriptionStats& each : stats.subscriptions) RC_ASSERT(balances(each));
        RC_ASSERT(balances(stats.ended));
        const bus::FanOutStats items = pool_.stats();
        RC_ASSERT(items.pushed == items.done + items.failed + items.discarded + items.in_flight);
    }

    // Each item was answered once, and of what is done everything was heard.
    void end() {
        signal_all(SIGCONT);
        while (gather(60s)) {
        }
        RC_ASSERT(answered_ == items_.size());
        RC_ASSERT(pool_.stats().in_flight == 0U);
        std::vector<std::int64_t> heard;
        while (const auto number = witness_.take()) heard.push_back(number->number);
        std::map<std::int64_t, std::size_t> last;
        for (std::size_t at = 0; at < heard.size(); ++at) last[heard[at]] = at;
        for (std::size_t item = 0; item < items_.size(); ++item) {
            if (!done_.contains(item) || items_[item].empty()) continue;
            for (std::size_t i = 0; i < items_[item].size(); ++i) {
                RC_ASSERT(last.contains(items_[item][i]));
                if (i > 0) RC_ASSERT(last[items_[item][i - 1]] < last[items_[item][i]]);
            }
        }
        RC_ASSERT(witness_.stats().dropped == 0U);
        inboxes_.clear();
        pool_.end();
        check_balance();
    }

    int kills = 0;

private:
    bool gather(std::chrono::milliseconds time) {
        const auto gathered = pool_.next(time);
        if (!gathered) return false;
        ++answered_;
        if (gathered->value) {
            RC_ASSERT(done_.insert(static_cast<std::size_t>(gathered->value->total)).second);
        }
        return true;
    }
    // Its sum is its number: numbers that add up to it, some of which are published.
    void push(const std::string& what) {
        const auto item = static_cast<std::int64_t>(items_.size());
        Piece piece{what, {}};
        std::int64_t sum = 0;
        if (what == "publish") {
            for (int i = *rc::gen::inRange(1, 20); i > 0; --i) {
                piece.numbers.push_back(++number_);
                sum += number_;
            }
        }
        items_.push_back(piece.numbers);
        piece.numbers.push_back(item - sum);
        RC_ASSERT(pool_.push(piece));
    }
    void signal(int which) const {
        const auto processes = pool_.processes();
        const pid_t pid = processes.at(*rc::gen::inRange<std::size_t>(0, processes.size())).pid;
        if (pid > 0) ::kill(pid, which);
    }
    void signal_all(int which) const {
        for (const ProcessStats& process : pool_.processes()) {
            if (process.pid > 0) ::kill(process.pid, which);
        }
    }

    Bus bus_;
    Inbox<Number> witness_;
    std::list<Inbox<Number>> inboxes_;
    decltype(std::declval<Bus&>().fan_out<Piece, Sum>(FanOutOptions{})) pool_;
    std::vector<std::vector<std::int64_t>> items_;  // what each has published
    std::set<std::size_t> done_;                    // of these
    std::size_t answered_ = 0;
    std::int64_t number_ = 1'000'000;  // so that what makes the sum right is none of them
};

TEST(ChildPropertyTest, CountsBalanceWhileChildrenStallAndAreKilled) {
    const char* const said = std::getenv("BATON_BUS_LIVES");  // NOLINT(concurrency-mt-unsafe)
    const int lives = said == nullptr ? 4 : std::max(std::atoi(said), 1);
    const std::string parameters =
        "seed=" + std::to_string(seed()) + " noshrink=1 max_success=" + std::to_string(lives);
    setenv("RC_PARAMS", parameters.c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
    int kills = 0;
    const bool holds = rc::check("lives with children", [&] {
        Life life(*rc::gen::inRange(1, 4));
        const int deeds = *rc::gen::inRange(20, 60);
        for (int i = 0; i < deeds; ++i) {
            life.do_one(any_deed());
            life.check_balance();
        }
        life.end();
        kills += life.kills;
    });
    EXPECT_TRUE(holds);
    EXPECT_TRUE(kills > 0 || lives < 20);
}

}  // namespace
}  // namespace baton::testing
