// Pool: the threads of one handler, and the tasks that wait for them. Tasks that need no thread
// while they are under way (Apart) have one together, which begins and ends them.
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
#include <utility>
#include <vector>

#include "endpoint_gate.hpp"
#include "task_run.hpp"

namespace baton::node {

/// What does the tasks of one version of a handler: one at a time, a batch of them, or apart.
struct Runner {
    Handlers::Run one;
    Handlers::RunBatch batch;   ///< Empty: one at a time.
    std::size_t batch_max = 1;  ///< So many at once.
    Apart apart;                ///< Its begin is empty where they need a thread.
};
using Runners = std::map<int, Runner>;  // by version

class Pool {
public:
    /// `runners`: no thread for each task where none of them needs one. `number`: what its reports
    /// say. `at_once`: so many calls, or tasks apart, are under way.
    Pool(std::size_t number, std::string handler, const Runners& runners, int at_once,
         const std::shared_ptr<Workshop>& workshop);
    /// Waits for its threads; or leaves them to themselves, where a handler still runs.
    ~Pool();
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    [[nodiscard]] const std::string& handler() const { return handler_; }
    /// Of its versions that are endpoints, which share one; null where none is.
    [[nodiscard]] const std::shared_ptr<EndpointGate>& gate() const { return gate_; }
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
    // One for each call that is under way: what it runs.
    struct Slot {
        std::vector<std::string> tokens;  // empty: nothing
        std::vector<CancelFlag> cancelled;
        Clock::time_point since;
        bool is_told = false;
    };
    struct State {
        mutable std::mutex mutex;
        std::condition_variable changed;
        std::deque<Held> waiting;
        std::vector<Slot> slots;
        std::vector<std::pair<std::size_t, Outcome>> ended;  // by slot; of what is done apart
        std::chrono::duration<double> usual_time{-1};        // of a task; below 0: not known yet
        double usual_bytes = 0;                              // likewise
        bool is_closed = false;
    };
    // What its threads share; they may outlive it.
    struct Crew {
        std::size_t number;
        Runners runners;
        std::shared_ptr<EndpointGate> gate;
        std::shared_ptr<State> state;
        std::shared_ptr<Workshop> workshop;
    };
    class ApartWork;
    static void work(const Crew& crew, std::size_t slot);
    static std::vector<Report> run_all(const Crew& crew, const std::vector<Held>& tasks,
                                       const std::vector<CancelFlag>& cancelled);
    // With the mutex: what one call does next, from what waits into a slot.
    static std::vector<Held> take_into(const Crew& crew, std::size_t slot);
    // Of all that the slot had.
    static void report(const Crew& crew, std::size_t slot, std::vector<Held> tasks,
                       std::vector<Report> reports);
    // These with the mutex.
    [[nodiscard]] std::size_t capacity() const;
    [[nodiscard]] std::size_t prefetch() const;
    [[nodiscard]] bool is_stuck() const;

    const std::string handler_;
    const std::shared_ptr<EndpointGate> gate_;
    const std::size_t batch_max_;  // of all versions
    std::shared_ptr<State> state_ = std::make_shared<State>();
    std::size_t held_ = 0;
    std::vector<std::thread> threads_;
};

}  // namespace baton::node
