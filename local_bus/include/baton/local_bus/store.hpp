// LocalStore: state that messages change, and nothing else does: Redux within one piece of work.
//
//   struct Progress {
//       std::int64_t regions = 0;
//       baton::Decimal total;
//       void reduce(const RegionDone& region) { ++regions; total += region.sales; }
//       BATON_FIELDS(regions, total)
//   };
//
//   baton::LocalStore<Progress> store("month");
//   store.on<RegionDone>();                               // state.reduce(region)
//   store.follow(bus, {.topic = "region/**"});            // what any thread publishes
//   while (!store.condition([&](const Progress& state) { return state.regions == 4; }, 100ms)) …
//
// A message goes through the middleware, in the order in which use() was called, to the reducer of
// its type, then into the history; then whoever waits for it sees it, and the selectors are asked.
// One for whose type there is no reducer changes nothing, and goes the same way.
//
// Threads: that which made it, and no other: messages of other threads come over the bus, whose
// ring is what follow() declares, and are folded while the owner calls catch_up(), take() or
// condition(). Another thread is refused with Error(bus_misused). scope() may be cancelled from
// any.
// Errors: Error(bus_misused) is a mistake in the program. What a reducer or a middleware throws
// comes to who dispatched; the state is as the reducer left it, and the message counts as folded.
// Cost: a message is a look at a hash table and what its reducer does; each selector is asked once
// after each message that has a reducer.
#pragma once

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <utility>

#include "baton/base/sha256.hpp"
#include "baton/local_bus/bus.hpp"
#include "baton/local_bus/signal.hpp"

namespace baton {

struct StoreOptions {
    /// How many of the last messages are kept, 0 to 100,000.
    std::size_t history = 100;
};

struct StoreStats {
    std::uint64_t folded = 0;     ///< Messages that came through the middleware.
    std::uint64_t unreduced = 0;  ///< Of those: no reducer is for their type.
    std::uint64_t failed = 0;     ///< Of those: the reducer threw.
    std::uint64_t kept_back = 0;  ///< A middleware did not pass them on.
};

namespace bus {
class StoreCore;
}

/// For a middleware: passes the message on to the next one, and at last to the reducer. Throws what
/// they throw, and Error(bus_misused) where it was passed on already.
class Next {
public:
    void operator()() const;

private:
    friend class bus::StoreCore;
    Next(bus::StoreCore& core, std::size_t at, const bus::MessagePtr& message, bool& has_arrived)
        : core_(core), at_(at), message_(message), has_arrived_(has_arrived) {}
    bus::StoreCore& core_;
    std::size_t at_;
    const bus::MessagePtr& message_;
    bool& has_arrived_;
};

/// Sees each message before the reducer does. What it does not pass on changes nothing. Some are in
/// middleware.hpp.
using Middleware = std::function<void(const Message&, const Next&)>;

namespace bus {

/// All of a store but its state.
class StoreCore {
public:
    struct Reducer {
        std::function<void(const Message&)> reduce;
        /// From JSON, to a topic.
        std::function<MessagePtr(std::string_view topic, std::string_view json)> decode;
        std::string_view own_topic;
    };
    using Watcher = std::function<void(const MessagePtr&)>;

    StoreCore(std::string name, const StoreOptions& options, std::function<void()> changed);

    void add(Type type, Reducer reducer);
    void use(Middleware middleware);
    void follow(Bus& bus, SubscribeOptions options);
    void dispatch(const MessagePtr& message);
    /// Folds what waits until `is_enough`, and what comes until then. False: it was not within
    /// `timeout`, or the scope was cancelled.
    bool pump(std::chrono::milliseconds timeout, const CancelScope& scope,
              const std::function<bool()>& is_enough);
    std::size_t catch_up();
    /// A message that was recorded, past the middleware; false: there is no reducer for it.
    bool replay(std::string_view topic, std::string_view own_topic, std::string_view json);

    void require_own_thread() const;
    /// Throws Error(bus_misused) where the caller is a reducer.
    void require_no_reducer() const;

    // Of the owner.
    std::function<void(const Message&)> recorder;  // null: nobody records
    StoreStats stats;
    std::deque<MessagePtr> history;
    std::deque<Watcher> watchers;
    CancelScope scope;
    BusContext context;  // of the bus that it follows

    [[nodiscard]] const std::optional<Inbox<Message>>& source() const { return source_; }
    [[nodiscard]] const std::string& name() const { return name_; }

private:
    friend class baton::Next;
    void pass(std::size_t at, const MessagePtr& message, bool& has_arrived);
    void arrive(const MessagePtr& message);
    void reduce(const Reducer& reducer, const MessagePtr& message);

    const std::string name_;
    const std::size_t history_max_;
    const std::function<void()> changed_;
    const std::thread::id thread_ = std::this_thread::get_id();
    std::unordered_map<Type, Reducer> reducers_;
    std::deque<Middleware> chain_;
    std::optional<Inbox<Message>> source_;
    bool is_reducing_ = false;
};

}  // namespace bus

template <class State>
class LocalStore {
public:
    /// `name` is for messages. Throws Error(bus_misused) for options that cannot be.
    explicit LocalStore(std::string name, State initial = {}, const StoreOptions& options = {})
        : state_(std::move(initial)),
          changed_(name),
          core_(std::move(name), options, [this] { changed_.emit(state_); }) {}
    LocalStore(const LocalStore&) = delete;
    LocalStore& operator=(const LocalStore&) = delete;

    /// Messages of type E are folded by `reduce(state, message)`. Throws Error(bus_misused) where
    /// they are already.
    template <class E, class Reduce>
    void on(Reduce reduce) {
        static_assert(std::invocable<Reduce&, State&, const E&>,
                      "on<E>(reduce): the reducer takes a State& and a const E&");
        if constexpr (types::check_struct<E>()) {
            core_.add(
                bus::type_of<E>,
                {.reduce =
                     [this, reduce = std::move(reduce)](const Message& message) mutable {
                         reduce(state_, *message.as<E>());
                     },
                 .decode = [](std::string_view topic, std::string_view json) -> bus::MessagePtr {
                     return std::make_shared<bus::TypedMessage<E>>(topic, decode_json<E>(json));
                 },
                 .own_topic = bus::topic_of<E>()});
        }
    }
    /// The same by the state's own `reduce(message)`, for each of the types.
    template <class... E>
    requires(sizeof...(E) > 0) void on() {
        (on<E>([](State& state, const E& message) { state.reduce(message); }), ...);
    }

    /// A middleware behind those that are there.
    void use(Middleware middleware) { core_.use(std::move(middleware)); }

    /// Has a ring on `bus` for what other threads say; "**" if the topic is empty. Once. Throws as
    /// Bus::inbox().
    void follow(Bus& bus, const SubscribeOptions& options = {}) { core_.follow(bus, options); }

    /// Folds a message at once. A reducer may not call it; middleware, selectors and who waits may.
    template <class E>
    void dispatch(E content, std::string_view topic = {}) {
        if constexpr (types::check_struct<E>()) {
            core_.dispatch(std::make_shared<bus::TypedMessage<E>>(topic, std::move(content)));
        }
    }

    /// Folds what waits, and does not wait for more; how many they were.
    std::size_t catch_up() { return core_.catch_up(); }

    /// The next message of type E (for which `fits`, if there is one) that is folded from now on.
    /// Null: none came within `timeout`, or the scope was cancelled.
    template <class E>
    [[nodiscard]] std::shared_ptr<const E> take(std::chrono::milliseconds timeout,
                                                const std::function<bool(const E&)>& fits = {}) {
        return take<E>(timeout, core_.scope, fits);
    }
    /// The same, which also ends when `scope` is cancelled.
    template <class E>
    [[nodiscard]] std::shared_ptr<const E> take(std::chrono::milliseconds timeout,
                                                const CancelScope& scope,
                                                const std::function<bool(const E&)>& fits = {}) {
        core_.require_own_thread();
        std::shared_ptr<const E> taken;
        const Watching watching(core_, [&](const bus::MessagePtr& message) {
            const E* const content = message->as<E>();
            if (taken == nullptr && content != nullptr && (!fits || fits(*content))) {
                taken = {message, content};
            }
        });
        core_.pump(timeout, scope, [&] { return taken != nullptr; });
        return taken;
    }

    /// Waits until `holds(state)`, which is asked at once and after each message. False: it did not
    /// within `timeout`, or the scope was cancelled.
    [[nodiscard]] bool condition(const std::function<bool(const State&)>& holds,
                                 std::chrono::milliseconds timeout) {
        return condition(holds, timeout, core_.scope);
    }
    [[nodiscard]] bool condition(const std::function<bool(const State&)>& holds,
                                 std::chrono::milliseconds timeout, const CancelScope& scope) {
        return core_.pump(timeout, scope, [&] { return holds(state_); });
    }

    /// Has `told(value)` called after each message that changed `select(state)`, as long as what it
    /// returns lives. What `told` throws is logged and counted, and stops nobody.
    template <class Select, class Told>
    [[nodiscard]] SlotConnection select(Select select, Told told) {
        using Value = std::remove_cvref_t<std::invoke_result_t<Select&, const State&>>;
        static_assert(std::equality_comparable<Value>,
                      "select(select, told): what is selected is compared by ==");
        core_.require_own_thread();
        const auto last = std::make_shared<Value>(select(std::as_const(state_)));
        return changed_.connect(
            [last, select = std::move(select), told = std::move(told)](const State& state) mutable {
                Value value = select(state);
                if (value == *last) return;
                *last = value;  // before it is told: that may dispatch
                told(std::as_const(value));
            });
    }

    [[nodiscard]] const State& state() const {
        core_.require_own_thread();
        return state_;
    }
    /// The same for equal states: of a State with BATON_FIELDS.
    [[nodiscard]] std::string digest() const { return sha256_of(encode_msgpack(state())); }

    /// The last messages, the oldest first.
    [[nodiscard]] const std::deque<std::shared_ptr<const Message>>& history() const {
        core_.require_own_thread();
        return core_.history;
    }
    [[nodiscard]] const StoreStats& stats() const {
        core_.require_own_thread();
        return core_.stats;
    }
    /// How many messages found no room in the ring of follow().
    [[nodiscard]] std::uint64_t lost() const { return core_.source() ? core_.source()->lost() : 0; }
    /// Cancelled, it lets nobody wait in this store any more; so does the scope of the bus that it
    /// follows. Scopes inside of it are for single calls.
    [[nodiscard]] const CancelScope& scope() const noexcept { return core_.scope; }
    void cancel() noexcept { CancelScope(core_.scope).cancel(); }

    /// Writes what is folded from now on to `recording`, which outlives the store, in the order in
    /// which it is folded: replay() of that gives the same digest, whatever the reducers do.
    template <class Recording>
    void record_to(Recording& recording) {
        core_.require_own_thread();
        core_.recorder = [&recording, this](const Message& message) {
            recording.write(message, core_.context);
        };
    }

    /// For replay().
    [[nodiscard]] bus::StoreCore& core() noexcept { return core_; }

private:
    class Watching {
    public:
        Watching(bus::StoreCore& core, bus::StoreCore::Watcher watcher) : core_(core) {
            core_.watchers.push_back(std::move(watcher));
        }
        ~Watching() { core_.watchers.pop_back(); }
        Watching(const Watching&) = delete;
        Watching& operator=(const Watching&) = delete;

    private:
        bus::StoreCore& core_;
    };

    State state_;
    Signal<const State&> changed_;
    bus::StoreCore core_;
};

}  // namespace baton
