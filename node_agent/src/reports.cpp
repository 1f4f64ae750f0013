#include "reports.hpp"

#include <algorithm>
#include <utility>

namespace baton::node {

void Reports::add(Report report) {
    const std::lock_guard lock(mutex_);
    reports_.push_back(std::move(report));
    if (reports_.size() == 1 || reports_.size() == enough_) changed_.notify_one();
}

void Reports::wake() {
    const std::lock_guard lock(mutex_);
    is_woken_ = true;
    changed_.notify_one();
}

void Reports::ring() {
    const std::lock_guard lock(mutex_);
    is_rung_ = true;
    is_woken_ = true;
    changed_.notify_one();
}

bool Reports::take_ring() {
    const std::lock_guard lock(mutex_);
    return std::exchange(is_rung_, false);
}

std::vector<Report> Reports::take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(reports_, {});
}

void Reports::wait(Clock::time_point earliest, Clock::time_point latest, std::size_t enough) {
    std::unique_lock lock(mutex_);
    enough_ = std::max<std::size_t>(enough, 1);
    changed_.wait_until(lock, std::min(earliest, latest),
                        [&] { return is_woken_ || reports_.size() >= enough_; });
    changed_.wait_until(lock, latest, [&] { return is_woken_ || !reports_.empty(); });
    is_woken_ = false;
}

}  // namespace baton::node
