// A node agent in this process, on a thread of its own, and handlers that do what a test says.
//
// Threads: the test's; what a handler does runs on the agent's threads.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "baton/node_agent/node_agent.hpp"
#include "baton/types/fields.hpp"
#include "support/environment.hpp"
#include "support/eventually.hpp"

namespace baton::testing {

struct Job {
    std::int64_t number = 0;
    std::string note;
    BATON_FIELDS(number, note)
};

/// Handler `work`, of as many threads as the test needs to see.
struct Work {
    using Payload = Job;
    static constexpr std::string_view name = "work";
    static constexpr int version = 1;
    static constexpr std::string_view build = "b1";
    static constexpr int threads = 2;

    std::function<Outcome(const Job&, TaskContext&)> does = [](const Job&, TaskContext&) {
        return done();
    };
    Outcome handle(const Job& job, TaskContext& task) const { return does(job, task); }
};

/// Writes the job into `job_done`, in the transaction in which it completes.
inline Outcome write_down(const Job& job, TaskContext& task) {
    task.tx().exec_params("insert into job_done (number) values ($1)", job.number);
    return done();
}

/// Lets handlers wait until the test says so.
class Gate {
public:
    void open() {
        const std::lock_guard lock(mutex_);
        is_open_ = true;
        changed_.notify_all();
    }
    /// Counts who came, and returns once it is open.
    void pass() {
        std::unique_lock lock(mutex_);
        ++waiting_;
        changed_.wait(lock, [&] { return is_open_; });
    }
    [[nodiscard]] int came() const {
        const std::lock_guard lock(mutex_);
        return waiting_;
    }

private:
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    bool is_open_ = false;
    int waiting_ = 0;
};

class RunningAgent {
public:
    RunningAgent(NodeOptions options, const Handlers& handlers, const Followers& followers = {})
        : agent_(std::move(options), handlers, followers), thread_([this] {
              try {
                  agent_.run();
              } catch (...) {
                  error_ = std::current_exception();
              }
              has_ended_ = true;
          }) {}
    ~RunningAgent() { stop(); }
    RunningAgent(const RunningAgent&) = delete;
    RunningAgent& operator=(const RunningAgent&) = delete;

    void stop() {
        agent_.stop();
        if (thread_.joinable()) thread_.join();
    }
    [[nodiscard]] bool is_registered() const { return agent_.is_registered(); }
    [[nodiscard]] bool has_ended() const { return has_ended_; }
    [[nodiscard]] int left_running() const { return agent_.left_running(); }
    /// What ended run(); "" for nothing. After stop() or has_ended().
    [[nodiscard]] std::string error() {
        stop();
        try {
            if (error_) std::rethrow_exception(error_);
        } catch (const Error& error) {
            return with_code(error.code(), error.what());
        }
        return "";
    }

private:
    NodeAgent agent_;
    std::exception_ptr error_;
    std::atomic<bool> has_ended_{false};
    std::thread thread_;
};

class NodeAgentFixture : public ::testing::Test {
protected:
    void SetUp() override {
        connection_.exec("create table public.job_done (number bigint not null)");
        connection_.exec("select register_handler('work', 1, 'b1', '{}')");
    }

    [[nodiscard]] NodeOptions options(const std::string& name = "node") const {
        NodeOptions made;
        made.url = url_;
        made.schema = test_schema;
        made.name = name;
        made.credentials = test_credentials();
        made.poll = std::chrono::milliseconds(20);
        return made;
    }
    static Handlers handlers(std::function<Outcome(const Job&, TaskContext&)> does) {
        Handlers made;
        made.add(Work{std::move(does)});
        return made;
    }
    /// Jobs 1 to `count`, in one transaction.
    void enqueue(int count, const std::string& arguments = "") {
        connection_.exec("select enqueue('work', jsonb_build_object('number', i, 'note', '')" +
                         arguments + ") from generate_series(1, " + std::to_string(count) + ") i");
    }
    std::int64_t number(const std::string& query) {
        return connection_.exec(query).only().integer(0);
    }
    std::string text(const std::string& query) {
        return std::string(connection_.exec(query).only().text(0));
    }
    [[nodiscard]] bool has_ended(std::int64_t count, const std::string& outcome = "done") {
        return eventually(std::chrono::seconds(60), [&] {
            return number("select count(*) from task_end where outcome = '" + outcome + "'") >=
                   count;
        });
    }
    /// Each of the jobs 1 to `count` was written down once.
    void expect_each_once(int count) {
        EXPECT_EQ(number("select count(*) from public.job_done"), count);
        EXPECT_EQ(number("select count(distinct number) from public.job_done"), count);
    }

    TestDatabase database_{environment_template()};
    const std::string url_ = database_.url();
    sql::Connection connection_{url_, in_test_schema()};
};

}  // namespace baton::testing
