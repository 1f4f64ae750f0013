#include "baton/sql/task_waiter.hpp"

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "baton/base/backoff.hpp"
#include "baton/base/error.hpp"
#include "baton/sql/connection.hpp"
#include "baton/sql/listener.hpp"

namespace baton {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

// So many are named at once.
constexpr std::size_t asked_max = 10'000;

sql::ConnectOptions connecting(const std::string& schema, const std::string& name) {
    sql::ConnectOptions options = sql::session_options(schema, name);
    options.may_be_pooled = true;
    return options;
}

// Notifications that come, on a thread of their own, so that the asking one can wait for more.
class Ear {
public:
    Ear(const std::string& url, const std::string& schema, const std::string& channel,
        std::function<void()> rings)
        : listener_(url, sql::session_options(schema, "baton task listener"), channel),
          thread_([this, rings = std::move(rings)] { listen(rings); }) {}
    ~Ear() {
        is_over_ = true;
        listener_.wake();
        thread_.join();
    }
    Ear(const Ear&) = delete;
    Ear& operator=(const Ear&) = delete;

    [[nodiscard]] bool is_deaf() const { return is_deaf_; }

private:
    void listen(const std::function<void()>& rings) {
        try {
            while (!is_over_) {
                if (listener_.wait(1min) && !is_over_) rings();
            }
        } catch (const std::exception&) {
            is_deaf_ = true;  // whoever asks makes another one
        }
    }

    sql::Listener listener_;
    std::atomic<bool> is_over_{false};
    std::atomic<bool> is_deaf_{false};
    std::thread thread_;
};

}  // namespace

class TaskWaiter::Asking {
public:
    Asking(std::string url, std::string schema)
        : url_(std::move(url)), schema_(std::move(schema)) {}
    ~Asking() {
        {
            const std::lock_guard lock(mutex_);
            is_over_ = true;
            changed_.notify_all();
        }
        if (thread_.joinable()) thread_.join();
    }
    Asking(const Asking&) = delete;
    Asking& operator=(const Asking&) = delete;

    TaskResult wait(TaskId task, Clock::time_point until, std::chrono::milliseconds timeout) {
        std::unique_lock lock(mutex_);
        if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
        Waited& waited = waited_[static_cast<std::int64_t>(task)];
        ++waited.waiters;
        has_new_ = true;
        changed_.notify_all();
        changed_.wait_until(lock, until, [&] { return waited.has_ended() || is_over_; });
        const Waited now = waited;
        if (--waited.waiters == 0) waited_.erase(static_cast<std::int64_t>(task));
        if (now.refusal) throw Error(now.refusal->first, now.refusal->second);
        if (now.result) return *now.result;
        throw Error(ErrorCode::wait_timeout,
                    "task " + std::to_string(static_cast<std::int64_t>(task)) +
                        " has not ended after " + std::to_string(timeout.count()) + " ms; " +
                        (trouble_.empty() ? "`baton tasks why` tells what it waits for"
                                          : "nobody could be asked: " + trouble_));
    }

private:
    struct Waited {
        int waiters = 0;
        std::optional<TaskResult> result;
        std::optional<std::pair<ErrorCode, std::string>> refusal;
        [[nodiscard]] bool has_ended() const { return result || refusal; }
    };
    using Ids = std::vector<std::string>;

    void run() {
        Backoff backoff(50ms, 2000ms);
        while (!is_over_) {
            std::string trouble;
            try {
                ask(backoff);
            } catch (const std::exception& error) {
                trouble = error.what();
            }
            std::unique_lock lock(mutex_);
            trouble_ = trouble;
            changed_.wait_for(lock, backoff.next(), [&] { return is_over_.load(); });
        }
    }

    void ask(Backoff& backoff) {
        sql::Connection connection(url_, connecting(schema_, "baton task waiter"));
        const std::string waiter(connection.exec(make_waiter).only().text(0));
        std::unique_ptr<Ear> ear;
        if (!connection.is_pooled()) {
            ear = std::make_unique<Ear>(url_, schema_, "baton_wait_" + waiter, [this] { ring(); });
        }
        const std::optional<std::string> watcher = ear ? std::optional(waiter) : std::nullopt;
        bool is_watched_by_now = false;
        while (!is_over_ && !(ear && ear->is_deaf())) {
            // With nobody to wait for, the last call says so.
            const Ids ids = pending();
            if (!ids.empty() || is_watched_by_now) {
                const bool is_again = look(connection, watcher, ids);
                is_watched_by_now = ear && !ids.empty();
                backoff.reset();
                if (is_again) continue;
            }
            pause(ids.empty() ? Clock::duration(1h) : Clock::duration(ear ? 1000ms : 100ms));
        }
    }

    // Returns whether to look once more.
    bool look(sql::Connection& connection, const std::optional<std::string>& watcher,
              const Ids& ids) {
        constexpr sql::Statement statement{
            "watch_tasks",
            "select task, state, result, error, code from watch_tasks(:waiter::uuid,"
            " :tasks::bigint[])"};
        const sql::Result rows =
            connection.exec(statement, {{"waiter", watcher}, {"tasks", sql::text_array(ids)}});
        bool is_again = false;
        const std::lock_guard lock(mutex_);
        trouble_.clear();
        for (const sql::Row& row : rows) {
            const auto task = row.integer_or_null(0);
            if (!task) {
                is_again = true;
            } else if (const auto found = waited_.find(*task); found != waited_.end()) {
                note_end(row, found->second);
            }
        }
        changed_.notify_all();
        return is_again;
    }

    static void note_end(const sql::Row& row, Waited& waited) {
        const auto error = row.text_or_null(3);
        if (const auto code = row.text_or_null(4)) {
            waited.refusal.emplace(code_of_sqlstate(*code, ErrorCode::statement_failed),
                                   std::string(error.value_or("")));
            return;
        }
        waited.result =
            TaskResult{std::string(row.text(1)), std::string(row.text_or_null(2).value_or("{}")),
                       error ? std::optional(std::string(*error)) : std::nullopt};
    }

    Ids pending() {
        const std::lock_guard lock(mutex_);
        has_new_ = false;
        Ids ids;
        for (const auto& [task, waited] : waited_) {
            if (ids.size() == asked_max) break;  // the oldest, which end first
            if (!waited.has_ended()) ids.push_back(std::to_string(task));
        }
        return ids;
    }

    void ring() {
        const std::lock_guard lock(mutex_);
        has_new_ = true;
        changed_.notify_all();
    }

    void pause(Clock::duration time) {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, time, [&] { return has_new_ || is_over_; });
    }

    static constexpr sql::Statement make_waiter{"make_waiter", "select gen_random_uuid()"};

    const std::string url_;
    const std::string schema_;
    std::mutex mutex_;
    std::condition_variable changed_;  // with mutex_
    std::map<std::int64_t, Waited> waited_;
    bool has_new_ = false;  // somebody waits, or something has ended
    std::string trouble_;   // why nobody can be asked just now
    std::atomic<bool> is_over_{false};
    std::thread thread_;
};

TaskWaiter::TaskWaiter(std::string url, std::string schema)
    : asking_(std::make_unique<Asking>(std::move(url), std::move(schema))) {}

TaskWaiter::~TaskWaiter() = default;

TaskResult TaskWaiter::wait(TaskId task, std::chrono::milliseconds timeout) {
    return asking_->wait(task, Clock::now() + timeout, timeout);
}

std::vector<TaskResult> TaskWaiter::wait_all(std::span<const TaskId> tasks,
                                             std::chrono::milliseconds timeout) {
    const Clock::time_point until = Clock::now() + timeout;
    std::vector<TaskResult> results;
    results.reserve(tasks.size());
    for (const TaskId task : tasks) results.push_back(asking_->wait(task, until, timeout));
    return results;
}

}  // namespace baton
