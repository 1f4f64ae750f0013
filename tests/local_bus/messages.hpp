// The messages of the tests of the local bus, and a gate that holds a subscriber up.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include "baton/types/fields.hpp"

namespace baton::testing {

struct RegionDone {
    static constexpr std::string_view topic = "region/done";
    std::string region;
    std::int64_t sales = 0;
    BATON_FIELDS(region, sales)
};

struct RegionStarted {
    static constexpr std::string_view topic = "region/started";
    std::string region;
    BATON_FIELDS(region)
};

/// An event is a message, too.
struct MonthComputed {
    static constexpr std::string_view event_type = "month/computed";
    std::int64_t month = 0;
    BATON_FIELDS(month)
};

/// A number that `publisher` counts up: for order and loss.
struct Count {
    static constexpr std::string_view topic = "count";
    std::int64_t publisher = 0;
    std::int64_t number = 0;
    BATON_FIELDS(publisher, number)
};

/// Closed at first. Whoever passes waits until it is open.
class Gate {
public:
    void open() {
        const std::lock_guard lock(mutex_);
        is_open_ = true;
        changed_.notify_all();
    }
    void close() {
        const std::lock_guard lock(mutex_);
        is_open_ = false;
    }
    void pass() {
        std::unique_lock lock(mutex_);
        ++waiting_;
        changed_.notify_all();
        changed_.wait(lock, [&] { return is_open_; });
        --waiting_;
    }
    /// Until somebody stands before it.
    void await_visitor() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return waiting_ > 0; });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool is_open_ = false;
    int waiting_ = 0;
};

}  // namespace baton::testing
