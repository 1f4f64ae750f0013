// Pool: the threads of one handler, and the tasks that wait for them.
//
// It holds as many tasks as its threads carry out in a moment, by the time that the last ones took:
// hundreds of quick ones, so that the database is asked seldom; of slow ones none that does not
// run, so that they are left to other nodes.
//
// Threads: the agent's, but for those that it starts.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "task_run.hpp"

namespace baton::node {

class Pool {
public:
    /// `runs`: by version. `number`: what its reports say.
    Pool(std::size_t number, std::string handler, const std::map<int, Handlers::Run>& runs,
         int threads, const std::shared_ptr<Workshop>& workshop);
    /// Waits for its threads; or leaves them to themselves, where a handler still runs.
    ~Pool();
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    [[nodiscard]] const std::string& handler() const { return handler_; }
    /// How many tasks to claim now; 0: it has enough. `settling`: so many are about to be settled.
    [[nodiscard]] int appetite(std::size_t settling = 0) const;
    void offer(std::vector<Held> tasks);
    /// What was offered and not settled.
    [[nodiscard]] std::size_t held() const { return held_; }
    /// The database knows what came of one.
    void settle() { --held_; }
    /// Takes back what no thread has begun with.
    [[nodiscard]] std::vector<Held> take_back();
    /// The same, where all threads are held up: others may have it.
    [[nodiscard]] std::vector<Held> give_way();
    /// Lets the threads end when nothing waits any more.
    void close();

    /// Of what runs for longer than `age`, and was not yet told of.
    [[nodiscard]] std::vector<std::string> started(Clock::time_point before) const;
    void note_told(const std::vector<std::string>& tokens);
    void cancel(const std::string& token);
    [[nodiscard]] int running() const;
    /// Whether something runs that started() will return one day.
    [[nodiscard]] bool has_untold() const;

private:
    // One for each thread: what it runs.
    struct Slot {
        std::string token;  // empty: nothing
        Clock::time_point since;
        bool is_told = false;
        CancelFlag cancelled;
    };
    struct State {
        mutable std::mutex mutex;
        std::condition_variable changed;
        std::deque<Held> waiting;
        std::vector<Slot> slots;
        std::chrono::duration<double> usual_time{-1};  // of a task; below 0: not known yet
        double usual_bytes = 0;                        // likewise
        bool is_closed = false;
    };
    static void work(std::size_t number, const std::map<int, Handlers::Run>& runs,
                     const std::shared_ptr<State>& state, const std::shared_ptr<Workshop>& workshop,
                     std::size_t slot);
    [[nodiscard]] std::size_t prefetch() const;
    [[nodiscard]] bool is_stuck() const;  // with the mutex

    const std::string handler_;
    const std::size_t number_;
    std::shared_ptr<State> state_ = std::make_shared<State>();
    std::size_t held_ = 0;
    std::vector<std::thread> threads_;
};

}  // namespace baton::node
