// The local bus to a process, beside raw ipc: messages of eight integers, made msgpack at one end
// and read at the other. The far end is this program once more (--bus-child).
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

#include <msgpack.hpp>
#include <zmq.hpp>

#include "baton/base/guarded_process.hpp"
#include "baton/local_bus/bus.hpp"
#include "baton/local_bus/child.hpp"
#include "baton/local_bus/ipc_folder.hpp"
#include "bus_process.hpp"
#include "measures.hpp"

namespace baton::bench {
namespace {

using namespace std::chrono_literals;

struct Tick {
    static constexpr std::string_view topic = "bench/tick";
    std::int64_t a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0;
    BATON_FIELDS(a, b, c, d, e, f, g, h)
};

/// By hand: the same map.
struct RawTick {
    std::int64_t a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0;
    MSGPACK_DEFINE_MAP(a, b, c, d, e, f, g, h)
};

struct Ready {
    static constexpr std::string_view topic = "bench/ready";
    std::int64_t sum = 0;
    BATON_FIELDS(sum)
};

std::string own_path() { return std::filesystem::read_symlink("/proc/self/exe").string(); }

double to_process(std::int64_t count) {
    Bus bus;
    Inbox<Ready> ready = bus.inbox<Ready>();
    auto pool = bus.fan_out<std::int64_t, std::int64_t>(
        {.threads = 0, .processes = {{own_path(), "--bus-child", std::to_string(count)}}});
    if (!ready.take(60s)) throw std::runtime_error("no process");
    const Clock::time_point start = Clock::now();
    for (std::int64_t i = 1; i <= count; ++i) bus.publish(Tick{.a = i});
    const auto sum = ready.take(600s);
    const double took = seconds_since(start);
    if (!sum || sum->sum != count * (count + 1) / 2) throw std::runtime_error("lost");
    return took;
}

double raw_to_process(std::int64_t count) {
    bus::IpcFolder folder(bus::ipc_root() / ("bench-" + std::to_string(::getpid())));
    zmq::context_t context(1);
    zmq::socket_t push(context, zmq::socket_type::push);
    zmq::socket_t done(context, zmq::socket_type::pull);
    push.set(zmq::sockopt::linger, 0);
    push.set(zmq::sockopt::sndhwm, 0);
    push.bind(folder.endpoint("push"));
    done.bind(folder.endpoint("done"));
    GuardedProcess child({.program = own_path(),
                          .arguments = {own_path(), "--raw-child", std::to_string(count)},
                          .variables = {"BENCH_PUSH=" + folder.endpoint("push"),
                                        "BENCH_DONE=" + folder.endpoint("done")}});
    zmq::message_t answer;
    static_cast<void>(done.recv(answer, zmq::recv_flags::none));
    const Clock::time_point start = Clock::now();
    for (std::int64_t i = 1; i <= count; ++i) {
        msgpack::sbuffer buffer;
        msgpack::pack(buffer, RawTick{.a = i});
        push.send(zmq::const_buffer(buffer.data(), buffer.size()), zmq::send_flags::none);
    }
    static_cast<void>(done.recv(answer, zmq::recv_flags::none));
    const double took = seconds_since(start);
    if (answer.to_string() != std::to_string(count * (count + 1) / 2)) {
        throw std::runtime_error("lost");
    }
    return took;
}

}  // namespace

int be_bus_child(std::int64_t count) {
    BusChild bus;
    std::int64_t sum = 0;
    // In force before it is said: both go over one connection, one after the other.
    bus.subscribe<Tick>({.depth = 65'536, .when_full = Block{10s}}, [&](const Tick& tick) {
        sum += tick.a;
        if (tick.a == count) bus.publish(Ready{sum});
    });
    bus.publish(Ready{});
    bus.run();
    return 0;
}

int be_raw_child(std::int64_t count) {
    zmq::context_t context(1);
    zmq::socket_t pull(context, zmq::socket_type::pull);
    zmq::socket_t done(context, zmq::socket_type::push);
    pull.set(zmq::sockopt::rcvhwm, 0);
    pull.connect(std::getenv("BENCH_PUSH"));
    done.connect(std::getenv("BENCH_DONE"));
    done.send(zmq::str_buffer("ready"), zmq::send_flags::none);
    std::int64_t sum = 0;
    for (std::int64_t i = 0; i < count; ++i) {
        zmq::message_t message;
        static_cast<void>(pull.recv(message, zmq::recv_flags::none));
        const msgpack::object_handle handle =
            msgpack::unpack(static_cast<const char*>(message.data()), message.size());
        sum += handle.get().as<RawTick>().a;
    }
    done.send(zmq::buffer(std::to_string(sum)), zmq::send_flags::none);
    return 0;
}

void measure_bus_process(Workbench& workbench) {
    const std::int64_t count = workbench.effort().size(1'000'000);
    std::vector<double> bus, raw;
    for (int round = 0; round < workbench.effort().rounds; ++round) {
        raw.push_back(static_cast<double>(count) / raw_to_process(count));
        bus.push_back(static_cast<double>(count) / to_process(count));
    }
    workbench.report({"bus_process",
                      std::to_string(count / 1000) +
                          "k to another process; bare: ipc PUSH/PULL, msgpack by hand",
                      "messages/s", median(bus), median(raw), Goal{Goal::Of::ratio, true, 0.9}});
}

}  // namespace baton::bench
