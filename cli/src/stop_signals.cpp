#include "stop_signals.hpp"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

namespace baton::cli {
namespace {

constexpr std::chrono::seconds same_wish{1};

bool is_ignored(int number) {
    struct sigaction action {};
    return sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

// The signals that mean us.
sigset_t wanted() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    for (const int number : {SIGINT, SIGHUP}) {
        if (!is_ignored(number)) sigaddset(&signals, number);
    }
    return signals;
}

}  // namespace

StopSignals::StopSignals(std::function<void()> stop, std::function<void()> abandon)
    : stop_(std::move(stop)), abandon_(std::move(abandon)) {
    const sigset_t signals = wanted();
    struct sigaction usual {};
    usual.sa_handler = SIG_DFL;
    sigaction(SIGTERM, &usual, &former_term_);
    pthread_sigmask(SIG_BLOCK, &signals, &former_);
    signals_ = signalfd(-1, &signals, SFD_CLOEXEC);
    done_ = eventfd(0, EFD_CLOEXEC);
    if (signals_ < 0 || done_ < 0) {
        throw std::system_error(errno, std::generic_category(), "signals cannot be read");
    }
    waiter_ = std::thread([this] { wait(); });
}

StopSignals::~StopSignals() {
    eventfd_write(done_, 1);
    waiter_.join();
    close(signals_);
    close(done_);
    sigaction(SIGTERM, &former_term_, nullptr);
    pthread_sigmask(SIG_SETMASK, &former_, nullptr);
}

void StopSignals::wait() {
    using Clock = std::chrono::steady_clock;
    Clock::time_point first;
    for (;;) {
        std::array<pollfd, 2> ready{{{signals_, POLLIN, 0}, {done_, POLLIN, 0}}};
        if (poll(ready.data(), ready.size(), -1) < 0) continue;
        if (ready[1].revents != 0) return;
        signalfd_siginfo signal{};
        if (read(signals_, &signal, sizeof(signal)) != sizeof(signal)) continue;
        if (!came_) {
            first = Clock::now();
            came_ = true;
            stop_();
        } else if (Clock::now() - first > same_wish) {
            if (abandon_) abandon_();
            _exit(128 + static_cast<int>(signal.ssi_signo));
        }
    }
}

}  // namespace baton::cli
