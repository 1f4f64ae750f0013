// Waits for the ends of tasks, for all threads of a program: two sessions, however many tasks are
// waited for. It is told when one is done (sql/functions/read/watch_tasks.sql), and asks once a
// second, all at once, what else has become of them. Through a pooler, where nobody can be told, it
// asks every 0.1 s.
//
//     baton::TaskWaiter waiter(url, schema);
//     const baton::TaskResult sent = waiter.wait(task, 30s);       // from any thread
//
// Who waits for a task now and then, with a connection at hand, has wait_for_task() (enqueue.hpp).
//
// Threads: all functions may be called from any thread. One thread of its own asks; there is none,
// and no session, until somebody waits for the first time.
// Cost: of a wait, two statements, which those share that begin at the same time, and one narrow
// row until the task has ended.
#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "baton/sql/enqueue.hpp"

namespace baton {

class TaskWaiter {
public:
    /// `url`: of a login that may wait for tasks; a pooler's will do. `schema`: the environment's.
    TaskWaiter(std::string url, std::string schema);
    /// Whoever still waits gets Error(wait_timeout).
    ~TaskWaiter();
    TaskWaiter(const TaskWaiter&) = delete;
    TaskWaiter& operator=(const TaskWaiter&) = delete;

    /// Waits until the task has ended, however it does. Call it after the COMMIT that made the
    /// task. Throws Error: wait_timeout (it has not ended by then; where there was no connection,
    /// the message says why), task_invalid (there is no such task), task_forgotten (it ended long
    /// ago). A lost connection is made anew meanwhile.
    TaskResult wait(TaskId task, std::chrono::milliseconds timeout = std::chrono::seconds(10));

    /// The same for several, within one time; in their order.
    std::vector<TaskResult> wait_all(std::span<const TaskId> tasks,
                                     std::chrono::milliseconds timeout = std::chrono::seconds(10));

private:
    class Asking;
    std::unique_ptr<Asking> asking_;
};

}  // namespace baton
