#include "window_guest.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "baton/local_bus/log_line.hpp"
#include "topics.hpp"
#include "window_wire.hpp"

namespace baton::bus {
namespace {

constexpr std::size_t waiting_max = 1024;
constexpr std::size_t out_max = std::size_t{1} << 20U;
constexpr std::size_t request_max = std::size_t{64} << 10U;
constexpr std::chrono::seconds patience{5};

// Of one bus, for one visitor.
class Peek final : public Tap {
public:
    Peek(const WindowRequest& request, std::shared_ptr<const BusContext> context,
         std::shared_ptr<Queue> queue)
        : pattern_(request.topic),
          least_(request.level ? level_named(*request.level) : std::nullopt),
          context_(std::move(context)),
          queue_(std::move(queue)) {}

    [[nodiscard]] bool wants(const Message& message) const noexcept override {
        if (least_) {
            const auto level = level_of(message);
            if (level && *level < *least_) return false;
        }
        return matches(pattern_, message.topic());
    }
    void note(const MessagePtr& message) noexcept override { queue_->put(message, context_); }

private:
    const std::string pattern_;
    const std::optional<Level> least_;
    const std::shared_ptr<const BusContext> context_;
    const std::shared_ptr<Queue> queue_;
};

}  // namespace

void Queue::put(const MessagePtr& message,
                const std::shared_ptr<const BusContext>& context) noexcept {
    bool must_ring = false;
    {
        const std::lock_guard lock(mutex_);
        if (entries_.size() >= waiting_max) {
            ++lost_;
            return;
        }
        must_ring = entries_.empty();
        entries_.push_back({message, context, std::exchange(lost_, 0)});
    }
    const std::uint64_t one = 1;
    if (must_ring) {
        [[maybe_unused]] const ssize_t rung = ::write(bell_->number(), &one, sizeof(one));
    }
}

std::deque<Queue::Entry> Queue::take() {
    const std::lock_guard lock(mutex_);
    std::deque<Entry> entries;
    entries.swap(entries_);
    if (lost_ > 0) entries.push_back({nullptr, nullptr, std::exchange(lost_, 0)});
    return entries;
}

WindowGuest::WindowGuest(Descriptor socket, std::shared_ptr<const Descriptor> bell)
    : socket_(std::move(socket)),
      patience_(Clock::now() + patience),
      queue_(std::make_shared<Queue>(std::move(bell))) {}

bool WindowGuest::read() {
    std::array<char, 4096> buffer{};
    const ssize_t size = ::recv(socket_.number(), buffer.data(), buffer.size(), 0);
    if (size < 0) return errno == EAGAIN || errno == EINTR;
    if (size == 0 || request_) return false;  // he has nothing more to say
    in_.append(buffer.data(), static_cast<std::size_t>(size));
    try {
        if (const auto payload = take_frame(in_, request_max)) {
            auto request = frame_in<WindowRequest>(*payload);
            require_pattern(request.topic);
            request_ = std::move(request);
        }
    } catch (const std::exception& error) {
        request_ = WindowRequest{};
        WindowFrame frame;
        frame.refused = error.what();
        add(frame);
        was_greeted = true;
        finish();
    }
    return true;
}

void WindowGuest::add(const WindowFrame& frame) { out_ += wire_of(frame); }

// What he has not room for by now is let go of, so that a slow visitor keeps nothing alive.
void WindowGuest::fill() {
    for (Queue::Entry& entry : queue_->take()) {
        lost_ += entry.lost;
        if (!entry.message) continue;
        if (out_.size() >= out_max) {
            ++lost_;
            continue;
        }
        WindowFrame frame;
        try {
            frame.message = recorded(*entry.message, *entry.context);
        } catch (const std::exception&) {
            // It is no JSON: a text that is not UTF-8.
        }
        if (!frame.message || frame.message->content.text().size() > out_max) {
            ++lost_;
            continue;
        }
        if (lost_ > 0) {
            WindowFrame gap;
            gap.lost = static_cast<std::int64_t>(std::exchange(lost_, 0));
            add(gap);
        }
        add(frame);
    }
    if (lost_ > 0 && out_.size() < out_max) {
        WindowFrame gap;
        gap.lost = static_cast<std::int64_t>(std::exchange(lost_, 0));
        add(gap);
    }
}

bool WindowGuest::send() {
    if (!is_finished_) fill();
    while (!out_.empty()) {
        const ssize_t sent = ::send(socket_.number(), out_.data(), out_.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0) return errno == EAGAIN;
        out_.erase(0, static_cast<std::size_t>(sent));
    }
    return !is_finished_;
}

void WindowGuest::show(Bus& bus) {
    if (!request_ || request_->want != "tail") return;
    auto tap =
        std::make_shared<Peek>(*request_, std::make_shared<BusContext>(bus.context()), queue_);
    bus.tap(tap);
    taps_.emplace(&bus, std::move(tap));
}

void WindowGuest::hide(Bus& bus) {
    const auto tap = taps_.find(&bus);
    if (tap == taps_.end()) return;
    bus.untap(tap->second);
    taps_.erase(tap);
}

}  // namespace baton::bus
