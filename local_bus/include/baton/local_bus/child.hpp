// BusChild: the bus of the program that started this process, as one of its fan_out()'s processes.
//
//   int main() {
//       baton::BusChild bus;
//       bus.subscribe<Scale>({}, [&](const Scale& scale) { … });
//       bus.work<Region>([&](const Region& region) { return RegionDone{…}; });
//   }
//
// docs/local_bus_wire.md is what it speaks.
//
// Threads: all of it belongs to the thread that made it, which is checked. Callbacks are called by
// work() and run().
// Errors: Error(bus_unavailable) where no bus started this process; what a callback throws comes
// out of run(); what a worker throws is the answer to its item. Cost: two threads of ZeroMQ's. What
// is said within work() goes out together.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "baton/local_bus/foreign.hpp"
#include "baton/local_bus/message.hpp"
#include "baton/local_bus/policy.hpp"
#include "baton/types/codec.hpp"

namespace baton {

class BusChild {
public:
    BusChild();
    ~BusChild();
    BusChild(const BusChild&) = delete;
    BusChild& operator=(const BusChild&) = delete;

    /// Waits while the bus does not take it. Throws as encode_msgpack().
    template <class E>
    void publish(const E& content, const PublishOptions& options = {}) {
        publish_bytes(options.topic.empty() ? bus::topic_of<E>() : options.topic,
                      encode_msgpack(content), options.retain);
    }

    /// In force some time after this returned. `Conflate` has no field here.
    template <class E, class Callback>
    void subscribe(SubscribeOptions options, Callback callback) {
        if (options.topic.empty()) options.topic = bus::topic_of<E>();
        subscribe_bytes(options, [callback = std::move(callback)](std::string_view bytes) mutable {
            callback(bus::decode_foreign<E>(bytes));
        });
    }

    /// Answers each item with what `work(item)` returns or throws, until the bus ends.
    template <class Item, class Work>
    void work(Work work) {
        run([&](std::string_view bytes) {
            return encode_msgpack(work(bus::decode_foreign<Item>(bytes)));
        });
    }
    /// Without items.
    void run() { run({}); }

    /// `level`: silly, debug, info, warn, error.
    void log(std::string_view level, std::string_view text);
    /// Whether nobody wants the items any more that this process has.
    [[nodiscard]] bool cancelled();

private:
    class State;
    using Answer = std::function<std::string(std::string_view)>;

    void publish_bytes(std::string_view topic, std::string_view msgpack, bool retain);
    void subscribe_bytes(const SubscribeOptions& options,
                         std::function<void(std::string_view)> callback);
    void run(const Answer& answer);

    std::unique_ptr<State> state_;
};

}  // namespace baton
