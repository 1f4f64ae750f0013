// A server that answers every request with 200 at once, over connections that are kept: so little
// that what is measured is who asks.
//
// Threads: one of its own, for all connections.
#pragma once

#include <atomic>
#include <string>
#include <thread>

namespace baton::bench {

class HttpSink {
public:
    /// Listens on 127.0.0.1. Throws std::system_error.
    HttpSink();
    ~HttpSink();
    HttpSink(const HttpSink&) = delete;
    HttpSink& operator=(const HttpSink&) = delete;

    [[nodiscard]] std::string url() const;

private:
    void run();

    int listener_ = -1;
    int port_ = 0;
    std::atomic<bool> stopping_{false};
    std::thread thread_;
};

}  // namespace baton::bench
