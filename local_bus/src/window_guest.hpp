// WindowGuest: one visitor of a BusWindow, from the window's side: what he wants, what waits for
// him, and what he was too slow for.
//
// Threads: those of the buses put into his Queue; the rest belongs to the window's.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "baton/base/descriptor.hpp"
#include "baton/local_bus/bus.hpp"
#include "baton/local_bus/window_frame.hpp"

namespace baton::bus {

/// What the buses have for one visitor.
class Queue {
public:
    struct Entry {
        MessagePtr message;  // null: nothing but `lost`
        std::shared_ptr<const BusContext> context;
        std::uint64_t lost = 0;  // before it
    };

    /// `bell`: an eventfd of the window's thread.
    explicit Queue(std::shared_ptr<const Descriptor> bell) : bell_(std::move(bell)) {}
    void put(const MessagePtr& message, const std::shared_ptr<const BusContext>& context) noexcept;
    /// All that waits.
    [[nodiscard]] std::deque<Entry> take();

private:
    const std::shared_ptr<const Descriptor> bell_;
    std::mutex mutex_;
    std::deque<Entry> entries_;
    std::uint64_t lost_ = 0;  // since the last entry
};

class WindowGuest {
public:
    using Clock = std::chrono::steady_clock;

    WindowGuest(Descriptor socket, std::shared_ptr<const Descriptor> bell);

    /// Reads what he wants. False: he is to go.
    [[nodiscard]] bool read();
    /// Sends what waits, as far as he takes it. False: he is to go.
    [[nodiscard]] bool send();
    void add(const WindowFrame& frame);
    /// He goes once all was sent.
    void finish() { is_finished_ = true; }

    /// Nothing: he has not said yet.
    [[nodiscard]] const std::optional<WindowRequest>& request() const { return request_; }
    [[nodiscard]] bool is_late() const { return !request_ && Clock::now() > patience_; }
    [[nodiscard]] bool wants_room() const { return !out_.empty(); }
    [[nodiscard]] int socket() const { return socket_.number(); }

    /// Lets him see a bus, if he looks at messages.
    void show(Bus& bus);
    void hide(Bus& bus);
    bool was_greeted = false;

private:
    void fill();

    Descriptor socket_;
    const Clock::time_point patience_;
    const std::shared_ptr<Queue> queue_;
    std::optional<WindowRequest> request_;
    std::map<Bus*, std::shared_ptr<Tap>> taps_;
    std::string in_;
    std::string out_;
    std::uint64_t lost_ = 0;  // not yet told
    bool is_finished_ = false;
};

}  // namespace baton::bus
