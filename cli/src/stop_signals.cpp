#include "stop_signals.hpp"

#include <pthread.h>
#include <unistd.h>

#include <utility>

namespace baton::cli {

StopSignals::StopSignals(std::function<void()> stop) : stop_(std::move(stop)) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, &former_);
    waiter_ = std::thread([this, signals] { wait(signals); });
}

StopSignals::~StopSignals() {
    done_ = true;
    pthread_kill(waiter_.native_handle(), SIGINT);  // wakes the waiter, and nobody else
    waiter_.join();
    pthread_sigmask(SIG_SETMASK, &former_, nullptr);
}

void StopSignals::wait(const sigset_t& signals) {
    for (;;) {
        int number = 0;
        sigwait(&signals, &number);
        if (done_) return;
        if (came_) _exit(128 + number);
        came_ = true;
        stop_();
    }
}

}  // namespace baton::cli
