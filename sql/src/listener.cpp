#include "baton/sql/listener.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <pqxx/notification>
#include <system_error>

#include "baton/base/error.hpp"
#include "baton/sql/failure.hpp"

namespace baton::sql {

// Raises a flag and nothing else: libpqxx would swallow an exception.
class Listener::Receiver final : public pqxx::notification_receiver {
public:
    Receiver(pqxx::connection_base& connection, const std::string& channel)
        : notification_receiver(connection, channel) {}

    void operator()(const std::string& /*payload*/, int /*backend_pid*/) override {
        came_ = true;
        is_rung_ = true;
    }

    bool take() { return std::exchange(came_, false); }
    bool take_rung() { return std::exchange(is_rung_, false); }

private:
    bool came_ = false;     // since take_notifications()
    bool is_rung_ = false;  // since take_rung()
};

Listener::WakeUp::WakeUp() : descriptor_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

Listener::WakeUp::~WakeUp() { close(descriptor_); }

void Listener::WakeUp::raise() const noexcept {
    const int kept = errno;  // a signal handler must not change it
    const std::uint64_t one = 1;
    // It can only fail with EAGAIN: woken 2^64 times already.
    [[maybe_unused]] const ssize_t written = write(descriptor_, &one, sizeof one);
    errno = kept;
}

void Listener::WakeUp::clear() const noexcept {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t got = read(descriptor_, &count, sizeof count);
}

Listener::Listener(std::string_view url, const ConnectOptions& options,
                   const std::vector<std::string>& channels)
    : connection_(url, options) {
    if (options.pooled) {
        throw Error(ErrorCode::settings_invalid,
                    "a pooled connection cannot listen; give a direct URL");
    }
    pqxx::connection& raw = connection_.raw();
    translating(raw, [&] {
        for (const std::string& channel : channels) {
            receivers_.push_back(std::make_unique<Receiver>(raw, channel));
        }
    });
    // libpqxx sends LISTEN there, and keeps it to itself when the session broke meanwhile.
    if (!raw.is_open()) throw Error(ErrorCode::connection_lost, "the session ended at LISTEN");
    // The constructing thread need not be the one that waits.
    connection_.release();
}

Listener::~Listener() = default;

void Listener::wake() noexcept { wake_up_.raise(); }

bool Listener::take_notifications() {
    pqxx::connection& raw = connection_.raw();
    translating(raw, [&] { raw.get_notifs(); });
    // get_notifs() says nothing when the session had ended before.
    if (!raw.is_open()) throw Error(ErrorCode::connection_lost, "the server closed the session");
    bool came = false;
    for (const auto& receiver : receivers_) came = receiver->take() || came;
    return came;
}

bool Listener::take_rung(std::size_t channel) { return receivers_[channel]->take_rung(); }

bool Listener::wait(std::chrono::milliseconds timeout) {
    using Clock = std::chrono::steady_clock;
    const auto end = Clock::now() + timeout;
    for (;;) {
        if (take_notifications()) return true;
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
        std::array<pollfd, 2> watched{
            {{connection_.raw().sock(), POLLIN, 0}, {wake_up_.descriptor(), POLLIN, 0}}};
        const int milliseconds = static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60000));
        const int ready = poll(watched.data(), watched.size(), milliseconds);
        if (ready < 0 && errno != EINTR) {
            throw std::system_error(errno, std::generic_category(), "poll");
        }
        if (watched[1].revents != 0 && ready > 0) {
            wake_up_.clear();
            return take_notifications();
        }
        if (ready <= 0 && Clock::now() >= end) return false;
    }
}

}  // namespace baton::sql
