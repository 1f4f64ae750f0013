// Bus: what the parts of one piece of work say to each other, on one node, in memory.
//
//   baton::Bus bus;
//   auto done = bus.subscribe<RegionDone>({.depth = 256, .when_full = baton::Block{50ms}},
//                                         [&](const RegionDone& region) { … });
//   bus.publish(RegionDone{"north", sales});
//
// Everything on it ends with it: subscriptions, workers, questions, and who waits for them.
// README.md beside this folder says what is promised, and what is not.
//
// Threads: everything may be called from any thread, also from callbacks. A callback is called by
// the one thread of its subscription, one message at a time. The order of the messages that one
// thread publishes to one topic is kept at each subscriber.
// Errors: Error(bus_misused) is a mistake in the program, such as a topic that is none. That a
// message finds no room is none: publish() returns it.
// Cost: publish() takes one lock of the bus for as long as it looks the topic up, and one of each
// subscription that gets the message. Nothing is encoded or copied.
#pragma once

#include <fmt/core.h>

#include <concepts>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "baton/local_bus/cancel.hpp"
#include "baton/local_bus/conflation.hpp"
#include "baton/local_bus/fan_out.hpp"
#include "baton/local_bus/foreign.hpp"
#include "baton/local_bus/log_line.hpp"
#include "baton/local_bus/message.hpp"
#include "baton/local_bus/policy.hpp"
#include "baton/local_bus/request.hpp"
#include "baton/local_bus/subscription.hpp"
#include "baton/local_bus/tap.hpp"

namespace baton {

class Bus {
public:
    /// `is_cancelled` is what its scope asks outside: see CancelScope. `context`: whose bus it is.
    explicit Bus(std::function<bool()> is_cancelled = {}, BusContext context = {});
    Bus(const Bus&) = delete;
    Bus& operator=(const Bus&) = delete;
    /// As close(). Not from within a callback of its own.
    ~Bus();

    /// Gives `content` to everybody who subscribed to its topic and type. Throws Error(bus_misused)
    /// for a topic that is none.
    template <class E>
    Published publish(E content, const PublishOptions& options = {}) {
        if constexpr (types::check_struct<E>()) {
            return publish_message(
                std::make_shared<bus::TypedMessage<E>>(options.topic, std::move(content)),
                options.retain);
        }
    }

    /// Has `callback` called with each message of type E whose topic matches; or, if E is Message,
    /// with each message whose topic matches. It is in force when this returns: what is published
    /// from then on, by any thread, comes here; and first the last values that were retained. What
    /// `callback` throws is logged and counted, and stops nobody. Throws Error(bus_misused) for a
    /// pattern, depth, deadline or field that cannot be.
    template <class E, class Callback>
    [[nodiscard]] Subscription subscribe(SubscribeOptions options, Callback callback) {
        static_assert(std::invocable<Callback&, const E&>,
                      "subscribe<E>(options, callback): the callback takes a const E&");
        prepare<E>(options);
        auto deliver = [callback = std::move(callback)](const Message& message) mutable {
            if constexpr (std::same_as<E, Message>) {
                callback(message);
            } else {
                callback(static_cast<const bus::TypedMessage<E>&>(message).content());
            }
        };
        return {hub_, add_lane(options, type_for<E>(), bus::conflation_key<E>(options.when_full),
                               std::move(deliver), decoder_for<E>())};
    }

    /// The same without a callback and its thread: the owner takes the messages.
    template <class E>
    [[nodiscard]] Inbox<E> inbox(SubscribeOptions options = {}) {
        prepare<E>(options);
        return {hub_, add_lane(options, type_for<E>(), bus::conflation_key<E>(options.when_full),
                               nullptr, decoder_for<E>())};
    }

    /// Starts workers for items that are pushed: fan_out.hpp. `work(item)` or `work(item, scope)`
    /// is called on their threads, several at once. It returns what is gathered, or nothing.
    /// `options.processes` are workers, too: they get items as msgpack, and answer with results as
    /// msgpack. Throws Error(bus_misused) for options that cannot be, Error(bus_unavailable) where
    /// a process cannot be started.
    template <class Item, class Work>
    [[nodiscard]] auto fan_out(const FanOutOptions& options, Work work) {
        auto call = [work = std::move(work)](const Item& item, const CancelScope& scope) {
            if constexpr (std::invocable<const Work&, const Item&, const CancelScope&>) {
                return work(item, scope);
            } else {
                static_cast<void>(scope);
                return work(item);
            }
        };
        using Result = std::invoke_result_t<decltype(call), const Item&, const CancelScope&>;
        return employ<Item, Result>(options, std::move(call));
    }

    /// The same with processes alone: `fan_out<Region, RegionDone>({.threads = 0, .processes =
    /// {{"python3", "region.py"}}})`.
    template <class Item, class Result>
    [[nodiscard]] FanOut<Item, Result> fan_out(const FanOutOptions& options) {
        bus::require_no_threads(options);
        return employ<Item, Result>(options, nullptr);
    }

    /// Answers questions of type Q: request.hpp. One after the other, on a thread of its own.
    /// Throws Error(bus_misused) where somebody answers questions of this topic already.
    template <class Q, class Respond>
    [[nodiscard]] Subscription answer(const AnswerOptions& options, Respond respond) {
        static_assert(types::check_struct<Q>());
        SubscribeOptions subscribe{
            .topic = options.topic, .depth = options.depth, .when_full = DropNewest{}};
        if (subscribe.topic.empty()) subscribe.topic = bus::topic_of<Q>();
        return {hub_,
                add_server(subscribe, bus::type_of<Q>,
                           [respond = std::move(respond)](const Message& message) mutable {
                               static_cast<const bus::Question<Q>&>(message).be_answered(respond);
                           })};
    }

    /// Asks, and waits for the answer, at most until the deadline.
    template <class Q>
    [[nodiscard]] Answer<typename Q::Reply> ask(Q question, const AskOptions& options = {}) {
        using Reply = typename Q::Reply;
        const auto pending = std::make_shared<bus::Pending<Reply>>(
            std::chrono::steady_clock::now() + options.deadline);
        Answer<Reply> answer;
        const Asked fate = ask_message(
            std::make_shared<bus::Question<Q>>(options.topic, std::move(question), pending),
            [&] { answer = pending->wait(scope()); });
        if (fate != Asked::answered) answer.state = fate;
        return answer;
    }

    /// Publishes a LogLine to "log/<level>", with this bus's context: log_line.hpp. Where nobody
    /// wants such a line nothing is formatted, and no message made.
    template <class... Arguments>
    void log(Level level, fmt::format_string<Arguments...> format, Arguments&&... arguments) {
        log_arguments(level, format, fmt::make_format_args(arguments...));
    }
    void log_arguments(Level level, fmt::string_view format, fmt::format_args arguments);

    /// Has `tap` see each message that it wants, until untap(): tap.hpp.
    void tap(std::shared_ptr<bus::Tap> tap);
    /// A message that is being published may still come.
    void untap(const std::shared_ptr<bus::Tap>& tap);

    [[nodiscard]] const BusContext& context() const noexcept { return context_; }

    /// The scope of all that is on this bus. Cancelled, it lets nobody wait for a message any more;
    /// what was published is delivered all the same.
    [[nodiscard]] const CancelScope& scope() const noexcept;

    /// Of one moment for each subscription.
    [[nodiscard]] BusStats stats() const;

    /// The next number of this bus, for something else that happens in the order of its messages.
    std::uint64_t next_sequence();

    /// Ends everything that is on it: cancels its scope, discards what waits, wakes who waits, and
    /// returns when no callback runs any more. A callback that does not return holds it up; after
    /// 5 seconds the log names its topic. Whatever is called later does nothing, or says that the
    /// bus has ended.
    void close();

private:
    template <class Item, class Result>
    FanOut<Item, Result> employ(const FanOutOptions& options,
                                typename bus::Crew<Item, Result>::Work work) {
        bus::require_sound(options);
        auto crew = std::make_shared<bus::Crew<Item, Result>>(options, scope(), std::move(work));
        add_part(crew);
        crew->start(options.processes.empty() ? std::vector<std::shared_ptr<bus::RemoteWorker>>{}
                                              : start_processes(options));
        return FanOut<Item, Result>(std::move(crew));
    }
    template <class E>
    static constexpr bus::Decoder decoder_for() {
        if constexpr (std::same_as<E, Message>) {
            return nullptr;
        } else {
            return &bus::foreign_message<E>;
        }
    }
    template <class E>
    static constexpr bus::Type type_for() {
        return std::same_as<E, Message> ? nullptr : bus::type_of<E>;
    }
    template <class E>
    static void prepare(SubscribeOptions& options) {
        if constexpr (!std::same_as<E, Message>) {
            static_assert(types::check_struct<E>());
            if (options.topic.empty()) options.topic = bus::topic_of<E>();
        } else {
            if (options.topic.empty()) options.topic = "**";
        }
    }
    Published publish_message(std::shared_ptr<Message> message, bool retain);
    std::shared_ptr<bus::Lane> add_lane(const SubscribeOptions& options, bus::Type type,
                                        std::function<std::string(const Message&)> key,
                                        std::function<void(const Message&)> callback,
                                        bus::Decoder decoder);
    std::vector<std::shared_ptr<bus::RemoteWorker>> start_processes(const FanOutOptions& options);
    std::shared_ptr<bus::Lane> add_server(const SubscribeOptions& options, bus::Type type,
                                          std::function<void(const Message&)> callback);
    void add_part(const std::shared_ptr<bus::Part>& part);
    /// Calls `wait` if somebody has the question, and returns `answered`; else what became of it.
    Asked ask_message(std::shared_ptr<Message> question, const std::function<void()>& wait);

    const BusContext context_;
    std::shared_ptr<bus::Hub> hub_;
};

}  // namespace baton
