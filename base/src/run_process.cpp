#include "baton/base/run_process.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <optional>

namespace baton {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds look{50};

// Writes without SIGPIPE, which would end this process where the other end is closed.
ssize_t write_quietly(int descriptor, std::string_view bytes) {
    sigset_t pipe;
    sigset_t pending;
    sigset_t former;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    sigpending(&pending);
    const bool was_pending = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe, &former);
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    const int error = errno;
    if (written < 0 && error == EPIPE && !was_pending) {
        const timespec none{};
        while (sigtimedwait(&pipe, nullptr, &none) < 0 && errno == EINTR) {
        }
    }
    pthread_sigmask(SIG_SETMASK, &former, nullptr);
    errno = error;
    return written;
}

bool must_wait(int error) { return error == EAGAIN || error == EINTR; }

// What a pipe says, of which the last bytes are kept.
class Collector {
public:
    Collector(int descriptor, std::size_t size_max,
              const std::function<void(std::string_view)>& listener = {})
        : descriptor_(descriptor), size_max_(size_max), listener_(listener) {}

    /// -1 where it has ended.
    [[nodiscard]] int descriptor() const { return descriptor_; }

    /// Reads what there is, but not for ever.
    void read() {
        constexpr int reads_max = 16;
        std::array<char, 65536> buffer;
        for (int i = 0; i < reads_max && descriptor_ >= 0; ++i) {
            const ssize_t length = ::read(descriptor_, buffer.data(), buffer.size());
            if (length < 0 && must_wait(errno)) return;
            if (length <= 0) {
                descriptor_ = -1;
                return;
            }
            const std::string_view bytes(buffer.data(), static_cast<std::size_t>(length));
            if (listener_) listener_(bytes);
            tail_.bytes.append(bytes);
            // Not each time, since what stays is moved.
            if (tail_.bytes.size() > 2 * size_max_ + buffer.size()) cut();
        }
    }

    [[nodiscard]] Tail take() {
        cut();
        return std::move(tail_);
    }

private:
    void cut() {
        if (tail_.bytes.size() <= size_max_) return;
        tail_.bytes.erase(0, tail_.bytes.size() - size_max_);
        tail_.is_cut = true;
    }

    int descriptor_;
    std::size_t size_max_;
    std::function<void(std::string_view)> listener_;
    Tail tail_;
};

class Run {
public:
    explicit Run(const ProcessRun& run)
        : run_(run),
          process_(run.process),
          output_(process_.output().number(), run.output_max, run.on_output),
          error_output_(process_.error_output().number(), run.error_output_max) {}

    ProcessOutcome to_its_end() {
        while (!exchange()) press();
        output_.read();
        error_output_.read();
        outcome_.end = process_.wait(std::chrono::milliseconds(0)).value_or(ProcessEnd{});
        if (!outcome_.is_late && outcome_.wish == Wish::go_on) process_.end_group();
        outcome_.output = output_.take();
        outcome_.error_output = error_output_.take();
        return std::move(outcome_);
    }

private:
    // Waits a moment for the pipes, and serves them. Returns whether the process has ended.
    bool exchange() {
        if (left_.empty()) process_.input().close();
        std::array<pollfd, 4> entries{{
            {.fd = process_.ending().number(), .events = POLLIN, .revents = 0},
            {.fd = output_.descriptor(), .events = POLLIN, .revents = 0},
            {.fd = error_output_.descriptor(), .events = POLLIN, .revents = 0},
            {.fd = process_.input().number(), .events = POLLOUT, .revents = 0},
        }};
        if (::poll(entries.data(), entries.size(), static_cast<int>(look.count())) <= 0) {
            return false;
        }
        if (entries[1].revents != 0) output_.read();
        if (entries[2].revents != 0) error_output_.read();
        if (entries[3].revents != 0) feed();
        return entries[0].revents != 0;
    }

    void feed() {
        const ssize_t written = write_quietly(process_.input().number(), left_);
        if (written >= 0) {
            left_.remove_prefix(static_cast<std::size_t>(written));
        } else if (!must_wait(errno)) {
            left_ = {};  // it reads no more
        }
    }

    // Tells the process to end, where it is to.
    void press() {
        const Clock::time_point now = Clock::now();
        if (run_.wish && now >= next_look_ && outcome_.wish != Wish::die) {
            outcome_.wish = run_.wish();
            next_look_ = now + look;
            if (outcome_.wish == Wish::die) return process_.kill();
            if (outcome_.wish == Wish::end) tell(now);
        }
        if (run_.time_limit.count() > 0 && now >= begun_ + run_.time_limit && !outcome_.is_late) {
            outcome_.is_late = true;
            tell(now);
        }
        if (outcome_.is_late && now >= *told_ + run_.patience) process_.kill();
    }

    void tell(Clock::time_point now) {
        if (told_) return;
        told_ = now;
        process_.signal(SIGTERM);
    }

    const ProcessRun& run_;
    GuardedProcess process_;
    Collector output_;
    Collector error_output_;
    std::string_view left_ = run_.input;
    const Clock::time_point begun_ = Clock::now();
    Clock::time_point next_look_;
    std::optional<Clock::time_point> told_;  // by SIGTERM
    ProcessOutcome outcome_;
};

}  // namespace

ProcessOutcome run_process(const ProcessRun& run) { return Run(run).to_its_end(); }

}  // namespace baton
