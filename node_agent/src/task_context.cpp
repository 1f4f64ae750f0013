#include "baton/node_agent/task_context.hpp"

#include "baton/base/error.hpp"

namespace baton {

SetMember& TaskContext::set() {
    if (!task_.in_set) {
        throw Error(ErrorCode::task_invalid,
                    "the task is no member of a task set: open_task_set() makes some");
    }
    return doors_.set();
}

void TaskContext::require_no_set(std::string_view what) const {
    if (!task_.in_set) return;
    throw Error(ErrorCode::task_invalid,
                "what a member of a task set makes leaves with the set: task.set()." +
                    std::string(what) + "()");
}

}  // namespace baton
