// The local bus beside raw libzmq and raw Boost.Signals2 (raw_bus.cpp): messages of 64 bytes
// between threads, round trips, pieces of work, and signals within one thread.
#include <sys/resource.h>

#include <functional>
#include <list>
#include <thread>

#include "baton/local_bus/bus.hpp"
#include "baton/local_bus/signal.hpp"
#include "measures.hpp"
#include "raw_bus.hpp"

namespace baton::bench {
namespace {

using namespace std::chrono_literals;

struct Tick {
    static constexpr std::string_view topic = "bench/tick";
    using Reply = Tick;
    std::int64_t a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0;
    BATON_FIELDS(a, b, c, d, e, f, g, h)
};

constexpr SubscribeOptions patient{.depth = 4096, .when_full = Block{600s}};

double cpu_of_process() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double publish_all(Bus& bus, std::int64_t count, std::list<Subscription>& subscriptions) {
    const Clock::time_point start = Clock::now();
    for (std::int64_t i = 0; i < count; ++i) bus.publish(Tick{.a = i});
    for (Subscription& subscription : subscriptions) {
        if (!subscription.wait_for(600s) || subscription.lost() > 0)
            throw std::runtime_error("lost");
    }
    return seconds_since(start);
}

double bus_publish(std::int64_t count, int subscribers) {
    Bus bus;
    std::list<Subscription> subscriptions;
    std::vector<std::int64_t> sums(static_cast<std::size_t>(subscribers) * 8);  // a cache line each
    for (int i = 0; i < subscribers; ++i) {
        std::int64_t& sum = sums[static_cast<std::size_t>(i) * 8];
        subscriptions.push_back(
            bus.subscribe<Tick>(patient, [&sum](const Tick& tick) { sum += tick.a; }));
    }
    return publish_all(bus, count, subscriptions);
}

double bus_patterns(std::int64_t count, int others) {
    Bus bus;
    std::list<Subscription> subscriptions;
    std::list<Inbox<Tick>> silent;
    std::int64_t sum = 0;
    subscriptions.push_back(bus.subscribe<Tick>(patient, [&](const Tick& tick) { sum += tick.a; }));
    for (int i = 0; i < others; ++i) {
        const std::string pattern = "bench/" + std::to_string(i) + "/**";
        silent.push_back(bus.inbox<Tick>({.topic = pattern}));
    }
    return publish_all(bus, count, subscriptions);
}

double bus_round_trip(std::int64_t count) {
    Bus bus;
    const Subscription server = bus.answer<Tick>({}, [](const Tick& tick) { return tick; });
    std::vector<double> trips;
    for (std::int64_t i = 0; i < count; ++i) {
        const Clock::time_point start = Clock::now();
        const auto answer = bus.ask(Tick{.a = i});
        trips.push_back(seconds_since(start));
        if (!answer) throw std::runtime_error("no answer");
    }
    return median(std::move(trips));
}

double bus_fan_out(std::int64_t count, int workers) {
    Bus bus;
    auto pool = bus.fan_out<Tick>({.threads = workers, .depth = 4096}, [](const Tick& tick) {
        Tick twice = tick;
        twice.a *= 2;
        return twice;
    });
    const Clock::time_point start = Clock::now();
    std::thread pusher([&] {
        for (std::int64_t i = 0; i < count; ++i) pool.push({.a = i});
    });
    for (std::int64_t gathered = 0; gathered < count;) gathered += pool.next() ? 1 : 0;
    const double took = seconds_since(start);
    pusher.join();
    return took;
}

double bus_emit(std::int64_t count, int slots) {
    Signal<const Payload&> signal("bench");
    std::int64_t sum = 0;
    std::list<SlotConnection> connections;
    for (int i = 0; i < slots; ++i) {
        connections.push_back(
            signal.connect([&](const Payload& payload) { sum += payload.words[0]; }));
    }
    Payload payload;
    const Clock::time_point start = Clock::now();
    for (std::int64_t i = 0; i < count; ++i) {
        payload.words[0] = i;
        signal.emit(payload);
    }
    const double took = seconds_since(start);
    return sum < 0 ? 0 : took;
}

struct Contest {
    std::string measure;
    std::string config;
    std::int64_t count;
    double goal;
    std::function<double()> bus;
    std::function<double()> raw;
};

// Rates, and the CPU of all threads for a message.
void compare(Workbench& workbench, const Contest& contest) {
    std::vector<double> bus, raw, bus_cpu, raw_cpu;
    const auto count = static_cast<double>(contest.count);
    for (int round = 0; round < workbench.effort().rounds; ++round) {
        double cpu = cpu_of_process();
        raw.push_back(count / contest.raw());
        raw_cpu.push_back((cpu_of_process() - cpu) / count * 1e6);
        cpu = cpu_of_process();
        bus.push_back(count / contest.bus());
        bus_cpu.push_back((cpu_of_process() - cpu) / count * 1e6);
    }
    workbench.report({contest.measure, contest.config, "messages/s", median(bus), median(raw),
                      Goal{Goal::Of::ratio, true, contest.goal}});
    workbench.report({contest.measure + "_cpu", contest.config + ", CPU", "us/message",
                      median(bus_cpu), median(raw_cpu)});
}

std::string thousands(std::int64_t count) { return std::to_string(count / 1000) + "k"; }

}  // namespace

void measure_bus_publish(Workbench& workbench) {
    for (const int subscribers : {1, 8}) {
        const std::int64_t count = workbench.effort().size(subscribers == 1 ? 2'000'000 : 500'000);
        compare(workbench, {"bus_publish_" + std::to_string(subscribers),
                            thousands(count) + " of 64 B to " + std::to_string(subscribers) +
                                " threads; bare: inproc PUB/SUB",
                            count, subscribers == 1 ? 1.0 : 1.2,
                            [=] { return bus_publish(count, subscribers); },
                            [=] { return raw_publish(count, subscribers); }});
    }
}

void measure_bus_patterns(Workbench& workbench) {
    const std::int64_t count = workbench.effort().size(1'000'000);
    compare(workbench,
            {"bus_patterns", "1000 patterns, one matches; bare: one subscription", count, 0.5,
             [=] { return bus_patterns(count, 1000); }, [=] { return bus_patterns(count, 0); }});
}

void measure_bus_request(Workbench& workbench) {
    const std::int64_t count = workbench.effort().size(100'000);
    std::vector<double> bus, raw;
    for (int round = 0; round < workbench.effort().rounds; ++round) {
        raw.push_back(raw_round_trip(count) * 1e6);
        bus.push_back(bus_round_trip(count) * 1e6);
    }
    workbench.report({"bus_request", "round trip between threads, p50; bare: inproc PAIR", "us",
                      median(bus), median(raw), Goal{Goal::Of::ratio, false, 1.2}});
}

void measure_bus_fan_out(Workbench& workbench) {
    const std::int64_t count = workbench.effort().size(1'000'000);
    compare(
        workbench,
        {"bus_fan_out", thousands(count) + " items, 2 workers, gathered; bare: PUSH/PULL", count,
         0.8, [=] { return bus_fan_out(count, 2); }, [=] { return raw_fan_out(count, 2); }});
}

void measure_bus_emit(Workbench& workbench) {
    const std::int64_t count = workbench.effort().size(5'000'000);
    for (const int slots : {1, 8}) {
        compare(workbench,
                {"bus_emit_" + std::to_string(slots),
                 std::to_string(slots) + " slots, one thread; bare: Signals2", count, 0.8,
                 [=] { return bus_emit(count, slots); }, [=] { return raw_emit(count, slots); }});
    }
}

}  // namespace baton::bench
