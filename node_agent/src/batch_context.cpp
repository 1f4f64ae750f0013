#include "baton/node_agent/batch_context.hpp"

#include <numeric>

namespace baton {

BatchContext::BatchContext(std::vector<TaskContext::Task> tasks, std::string environment,
                           Doors doors)
    : tasks_(std::move(tasks)),
      numbers_(tasks_.size()),
      environment_(std::move(environment)),
      doors_(std::move(doors)) {
    std::iota(numbers_.begin(), numbers_.end(), std::size_t{0});
}

bool BatchContext::cancelled(std::size_t index) const {
    return cancelled() ||
           (doors_.is_task_cancelled && doors_.is_task_cancelled(numbers_.at(index)));
}

void BatchContext::extend(std::chrono::milliseconds time) {
    require_extension(time);
    if (doors_.extend) doors_.extend(time);
}

}  // namespace baton
