// Signal: telling others within one thread, by Boost.Signals2.
//
//   baton::Signal<const MonthState&> changed("month/changed");
//   const baton::SlotConnection connection = changed.connect([&](const MonthState& state) { … });
//   changed.emit(state);
//
// A slot is connected as long as its owner lives: the SlotConnection that connect() returns, or an
// object that it is connected for. A slot that throws stops no other: it is logged (the first time,
// the second, the fourth, …) and counted.
//
// While a signal is emitted, a slot that is disconnected before its turn is not called any more;
// one that is connected is called from the next emit() on; a slot may emit the same signal, and may
// destroy it.
//
// Threads: that which made it, and no other: a Signal is no bus. Another one is refused with
// Error(bus_misused); where a connection ends on another thread the process ends (BATON_CHECK).
// Cost: emit() allocates nothing for each slot, and locks nothing.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include <boost/signals2/connection.hpp>
#include <boost/signals2/dummy_mutex.hpp>
#include <boost/signals2/signal_type.hpp>

#include "baton/base/check.hpp"
#include "baton/base/error.hpp"

namespace baton {

/// What became of an emit(), in numbers of slots.
struct Emitted {
    std::size_t called = 0;
    std::size_t failed = 0;  ///< Of those: threw.
};

namespace bus {

/// What a signal's combiner needs; it outlives a signal that a slot destroys.
struct SignalState {
    explicit SignalState(std::string signal_name) : name(std::move(signal_name)) {}
    const std::string name;
    const std::thread::id thread = std::this_thread::get_id();
    std::uint64_t failures = 0;
};

/// Of the exception that is being handled.
void report_slot(SignalState& state) noexcept;

/// Calls every slot, whatever the others throw.
struct CallAll {
    using result_type = Emitted;
    std::shared_ptr<SignalState> state;

    template <class Slots>
    Emitted operator()(Slots at, Slots end) const {
        Emitted emitted;
        for (; at != end; ++at) {
            ++emitted.called;
            try {
                static_cast<void>(*at);
            } catch (const boost::signals2::expired_slot&) {
                --emitted.called;
            } catch (...) {
                ++emitted.failed;
                report_slot(*state);
            }
        }
        return emitted;
    }
};

}  // namespace bus

/// A slot's place in its signal, and its end.
class SlotConnection {
public:
    SlotConnection() = default;
    SlotConnection(boost::signals2::connection connection, std::thread::id thread)
        : connection_(std::move(connection)), thread_(thread) {}
    SlotConnection(SlotConnection&& other) noexcept
        : connection_(std::exchange(other.connection_, {})), thread_(other.thread_) {}
    SlotConnection& operator=(SlotConnection&& other) noexcept {
        if (this == &other) return *this;
        disconnect();
        connection_ = std::exchange(other.connection_, {});
        thread_ = other.thread_;
        return *this;
    }
    ~SlotConnection() { disconnect(); }

    void disconnect() noexcept {
        if (!connection_.connected()) return;
        BATON_CHECK(thread_ == std::this_thread::get_id());  // a Signal is of one thread
        connection_.disconnect();
    }
    [[nodiscard]] bool connected() const { return connection_.connected(); }

private:
    boost::signals2::connection connection_;
    std::thread::id thread_;
};

template <class... Arguments>
class Signal {
    using Boost = typename boost::signals2::signal_type<
        void(Arguments...), boost::signals2::keywords::mutex_type<boost::signals2::dummy_mutex>,
        boost::signals2::keywords::combiner_type<bus::CallAll>>::type;

public:
    using Slot = std::function<void(Arguments...)>;

    explicit Signal(std::string name)
        : state_(std::make_shared<bus::SignalState>(std::move(name))),
          signal_(bus::CallAll{state_}) {}

    /// Connected as long as what it returns lives.
    [[nodiscard]] SlotConnection connect(Slot slot) {
        require_own_thread();
        return {signal_.connect(std::move(slot)), state_->thread};
    }
    /// Connected as long as `owner` lives, which is kept alive while the slot runs.
    template <class Owner>
    void connect(const std::shared_ptr<Owner>& owner, Slot slot) {
        require_own_thread();
        signal_.connect(typename Boost::slot_type(std::move(slot)).track_foreign(owner));
    }

    /// Calls the slots, in the order in which they were connected.
    Emitted emit(Arguments... arguments) const {
        require_own_thread();
        return signal_(std::forward<Arguments>(arguments)...);
    }

    [[nodiscard]] std::size_t slots() const {
        require_own_thread();
        return signal_.num_slots();
    }

private:
    void require_own_thread() const {
        if (state_->thread == std::this_thread::get_id()) return;
        throw Error(ErrorCode::bus_misused, "signal \"" + state_->name +
                                                "\" is of another thread: tell other threads over "
                                                "a Bus");
    }

    std::shared_ptr<bus::SignalState> state_;
    Boost signal_;
};

}  // namespace baton
