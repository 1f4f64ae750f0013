// A subscriber that stands still: what it costs in memory, and what its neighbours in time.
#include <malloc.h>

#include <atomic>
#include <condition_variable>
#include <list>
#include <mutex>
#include <thread>

#include "baton/local_bus/bus.hpp"
#include "measures.hpp"

namespace baton::bench {
namespace {

struct Page {
    static constexpr std::string_view topic = "bench/page";
    std::string text;
    BATON_FIELDS(text)
};

struct Sent {
    static constexpr std::string_view topic = "bench/sent";
    std::int64_t at = 0;
    BATON_FIELDS(at)
};

// Closed until it is opened.
class Gate {
public:
    void open() {
        const std::lock_guard lock(mutex_);
        is_open_ = true;
        changed_.notify_all();
    }
    void pass() {
        std::unique_lock lock(mutex_);
        has_visitor_ = true;
        changed_.notify_all();
        changed_.wait(lock, [&] { return is_open_; });
    }
    void await_visitor() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return has_visitor_; });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool is_open_ = false;
    bool has_visitor_ = false;
};

double megabytes_of_stalled(std::int64_t count) {
    Gate gate;
    Bus bus;
    const auto stalled = bus.subscribe<Page>({.depth = 4096, .when_full = DropOldest{}},
                                             [&](const Page&) { gate.pass(); });
    const auto before = ::mallinfo2().uordblks + ::mallinfo2().hblkhd;
    for (std::int64_t i = 0; i < count; ++i) bus.publish(Page{std::string(1024, 'x')});
    const auto after = ::mallinfo2().uordblks + ::mallinfo2().hblkhd;
    gate.open();
    return static_cast<double>(after - before) / 1e6;
}

std::int64_t now() { return Clock::now().time_since_epoch().count(); }

double p99_of_others(int count, bool has_stalled) {
    constexpr int others = 19;
    Gate gate;
    Bus bus;
    Subscription stalled;
    if (has_stalled) {
        stalled = bus.subscribe<Sent>({.depth = 16, .when_full = DropOldest{}},
                                      [&](const Sent&) { gate.pass(); });
        bus.publish(Sent{});
        gate.await_visitor();
    }
    std::atomic<int> seen{0};
    std::vector<std::vector<double>> took(others);
    std::list<Subscription> subscriptions;
    for (std::vector<double>& mine : took) {
        mine.reserve(static_cast<std::size_t>(count));
        subscriptions.push_back(bus.subscribe<Sent>({}, [&](const Sent& sent) {
            mine.push_back(static_cast<double>(now() - sent.at) / 1e3);
            ++seen;
        }));
    }
    for (int i = 1; i <= count; ++i) {
        bus.publish(Sent{now()});
        while (seen < i * others) std::this_thread::yield();
    }
    gate.open();
    bus.close();
    std::vector<double> all;
    for (const std::vector<double>& mine : took) all.insert(all.end(), mine.begin(), mine.end());
    return percentile(std::move(all), 0.99);
}

}  // namespace

void measure_bus_stalled(Workbench& workbench) {
    const std::int64_t messages = workbench.effort().size(1'000'000);
    const auto count = static_cast<int>(workbench.effort().size(10'000));
    std::vector<double> memory, with, without;
    for (int round = 0; round < workbench.effort().rounds; ++round) {
        memory.push_back(megabytes_of_stalled(messages));
        without.push_back(p99_of_others(count, false));
        with.push_back(p99_of_others(count, true));
    }
    workbench.report({"bus_stalled_memory",
                      std::to_string(messages / 1000) + "k of 1 KiB, ring of 4096", "MB",
                      median(memory), std::nullopt, Goal{Goal::Of::baton, false, 6.0}});
    workbench.report({"bus_stalled_p99", "19 beside a stalled one; bare: without it", "us",
                      median(with), median(without), Goal{Goal::Of::ratio, false, 1.2}});
}

}  // namespace baton::bench
