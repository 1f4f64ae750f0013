#include "raw_bus.hpp"

#include <atomic>
#include <chrono>
#include <cstring>
#include <latch>
#include <string>
#include <thread>
#include <vector>

#include <boost/signals2/signal.hpp>
#include <zmq.hpp>

#include "report.hpp"

namespace baton::bench {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_from(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

// No marks: nothing is dropped.
zmq::socket_t made(zmq::context_t& context, zmq::socket_type type) {
    zmq::socket_t socket(context, type);
    socket.set(zmq::sockopt::linger, 0);
    socket.set(zmq::sockopt::sndhwm, 0);
    socket.set(zmq::sockopt::rcvhwm, 0);
    return socket;
}

void send(zmq::socket_t& socket, std::int64_t number) {
    Payload payload;
    payload.words[0] = number;
    socket.send(zmq::const_buffer(&payload, sizeof payload), zmq::send_flags::none);
}

std::int64_t receive(zmq::socket_t& socket) {
    zmq::message_t message;
    static_cast<void>(socket.recv(message, zmq::recv_flags::none));
    Payload payload;
    std::memcpy(&payload, message.data(), sizeof payload);
    return payload.words[0];
}

}  // namespace

double raw_publish(std::int64_t count, int subscribers) {
    zmq::context_t context(0);
    zmq::socket_t publisher = made(context, zmq::socket_type::xpub);
    publisher.set(zmq::sockopt::xpub_verbose,
                  1);  // else only the first of equal subscriptions comes
    publisher.bind("inproc://publish");
    std::vector<std::thread> threads;
    for (int i = 0; i < subscribers; ++i) {
        threads.emplace_back([&] {
            zmq::socket_t subscriber = made(context, zmq::socket_type::sub);
            subscriber.set(zmq::sockopt::subscribe, "");
            subscriber.connect("inproc://publish");
            for (std::int64_t received = 0; received < count; ++received) receive(subscriber);
        });
    }
    for (int i = 0; i < subscribers; ++i) {  // until each has subscribed
        zmq::message_t subscription;
        static_cast<void>(publisher.recv(subscription, zmq::recv_flags::none));
    }
    const Clock::time_point start = Clock::now();
    for (std::int64_t i = 0; i < count; ++i) send(publisher, i);
    for (std::thread& thread : threads) thread.join();
    return seconds_from(start);
}

double raw_fan_out(std::int64_t count, int workers) {
    zmq::context_t context(0);
    zmq::socket_t push = made(context, zmq::socket_type::push);
    zmq::socket_t gather = made(context, zmq::socket_type::pull);
    push.bind("inproc://items");
    gather.bind("inproc://results");
    std::vector<std::thread> threads;
    for (int i = 0; i < workers; ++i) {
        threads.emplace_back([&] {
            zmq::socket_t items = made(context, zmq::socket_type::pull);
            zmq::socket_t results = made(context, zmq::socket_type::push);
            results.connect("inproc://results");
            items.connect("inproc://items");
            for (;;) {
                const std::int64_t number = receive(items);
                if (number < 0) return;
                send(results, number * 2);
            }
        });
    }
    const Clock::time_point start = Clock::now();
    std::thread pusher([&] {
        for (std::int64_t i = 0; i < count; ++i) send(push, i);
    });
    for (std::int64_t i = 0; i < count; ++i) receive(gather);
    const double took = seconds_from(start);
    pusher.join();
    for (int i = 0; i < workers; ++i) send(push, -1);  // in turn: one for each
    for (std::thread& thread : threads) thread.join();
    return took;
}

double raw_round_trip(std::int64_t count) {
    zmq::context_t context(0);
    zmq::socket_t client = made(context, zmq::socket_type::pair);
    client.bind("inproc://pair");
    std::thread server([&] {
        zmq::socket_t socket = made(context, zmq::socket_type::pair);
        socket.connect("inproc://pair");
        for (std::int64_t i = 0; i < count; ++i) send(socket, receive(socket));
    });
    std::vector<double> trips;
    for (std::int64_t i = 0; i < count; ++i) {
        const Clock::time_point start = Clock::now();
        send(client, i);
        receive(client);
        trips.push_back(seconds_from(start));
    }
    server.join();
    return median(std::move(trips));
}

double raw_emit(std::int64_t count, int slots) {
    boost::signals2::signal<void(const Payload&)> signal;
    std::int64_t sum = 0;
    for (int i = 0; i < slots; ++i) {
        signal.connect([&](const Payload& payload) { sum += payload.words[0]; });
    }
    Payload payload;
    const Clock::time_point start = Clock::now();
    for (std::int64_t i = 0; i < count; ++i) {
        payload.words[0] = i;
        signal(payload);
    }
    const double took = seconds_from(start);
    return sum < 0 ? 0 : took;
}

}  // namespace baton::bench
