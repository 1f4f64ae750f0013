#include "baton/base/backoff.hpp"

#include <algorithm>

namespace baton {

std::chrono::milliseconds Backoff::next() {
    std::uniform_int_distribution<std::chrono::milliseconds::rep> pick(bound_.count() / 2,
                                                                       bound_.count());
    bound_ = std::min(bound_ * 2, longest_);
    return std::chrono::milliseconds(pick(random_));
}

}  // namespace baton
