// TestEnvironment: a whole Baton for one test: an environment of kind development in a database of
// its own, an orchestrator that folds when the test says so, and a node that does its tasks then.
//
//   baton::testing::TestEnvironment environment;
//   environment.add<BalanceReducer>().add<SendReceipt>();
//   environment.dispatch(PaymentReceived{"alice", amount});
//   environment.drain();                                     // throws what a handler throws
//   EXPECT_EQ(environment.rows<Balance>("balance").size(), 1U);
//
// The first one of a process starts a Postgres and installs the environment, which takes seconds;
// each later one is a copy of that. Nothing is faked: events, tasks and views are those of the real
// functions, reached over real sessions. What differs is the clock, which the test sets: the
// functions of this environment, TaskContext::now() and now() here read the same one. It goes on by
// itself from there. (See docs/testing.md for what reads another one.)
//
// Threads: one; the orchestrator has threads of its own.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "baton/node_agent/drain.hpp"
#include "baton/node_agent/handlers.hpp"
#include "baton/node_agent/workflow.hpp"
#include "baton/orchestrator/view_set.hpp"
#include "baton/reducers/registry.hpp"
#include "baton/sql/connection.hpp"
#include "baton/testing/database_server.hpp"
#include "baton/types/event.hpp"

namespace baton::testing {

/// What is under test.
struct TestParts {
    Registry registry = {};
    Handlers handlers = {};
    std::vector<std::filesystem::path> sql_reducers = {};
    std::vector<ViewSet> view_sets = {};
    std::vector<Workflow> workflows = {};
    std::vector<std::string> promote = {};  ///< Types that handlers may promote from their bus.
};

/// An event of the log.
struct LoggedEvent {
    std::int64_t position = 0;
    std::string type;
    std::optional<std::string> key;
    std::optional<std::string> tenant;
    std::string payload;  ///< JSON text; "{}" where there are bytes.
};

/// A task, whatever became of it.
struct TestTask {
    std::int64_t id = 0;
    std::string handler;
    int version = 0;
    std::string state;  ///< waiting, due, following, claimed, done, dead, cancelled, replaced
    std::string payload;
    int attempts = 0;
};

class TestEnvironment {
public:
    /// Throws what PrivatePostgres throws: where there is no Postgres, postgres_missing.
    explicit TestEnvironment(TestParts parts = {},
                             DatabaseServer& server = DatabaseServer::shared());
    ~TestEnvironment();
    TestEnvironment(const TestEnvironment&) = delete;
    TestEnvironment& operator=(const TestEnvironment&) = delete;

    /// A C++ reducer or a handler; before the first fold() or drain(). Throws as App::add();
    /// Error(usage) later.
    template <class T>
    TestEnvironment& add(T part = {}) {
        require_not_begun();
        if constexpr (node::LooksLikeHandler<T>) {
            parts().handlers.add(std::move(part));
        } else {
            parts().registry.add(std::move(part));
        }
        return *this;
    }
    TestEnvironment& add_sql_reducer(std::filesystem::path file);

    [[nodiscard]] const std::string& url() const;
    [[nodiscard]] static const std::string& schema();
    /// A session that finds the environment's functions, for the test's own statements.
    [[nodiscard]] sql::Connection& connection();

    /// Dispatches in a transaction of its own.
    EventId dispatch(const NewEvent& event);
    template <class E>
    requires requires { E::event_type; }
    EventId dispatch(const E& content, EventOptions options = {}) {
        return dispatch(make_event(content, std::move(options)));
    }
    /// Enqueues in a transaction of its own. Throws as enqueue(); before a drain() of it the
    /// handler is unknown, unless register_handlers() was called.
    template <class H, types::Declared Payload>
    TaskId enqueue(const Payload& payload, EnqueueOptions options = {}) {
        options.schema_version = types::schema_version_of<Payload>;
        return enqueue(H::name, encode_json(payload), options);
    }
    TaskId enqueue(std::string_view handler, std::string_view payload,
                   const EnqueueOptions& options = {});
    /// Dispatches what `baton log --json` printed, line by line, at the times that it had. Returns
    /// how many events. Throws Error(stream_failed) with the line that is none.
    std::int64_t dispatch_recorded(const std::filesystem::path& file);
    /// One such line. Throws Error(stream_failed) where it is no event.
    EventId dispatch_line(const std::string& json);

    /// Returns once every live view has what was committed until now. Throws Error(view_halted)
    /// where a reducer cannot; what ended the orchestrator; Error(wait_timeout) after a minute.
    void fold();
    /// Makes the handlers known, so that tasks can be enqueued for them.
    void register_handlers();
    /// Folds, does every task that is ready, and so on until there is none; what waits for a later
    /// time stays. Throws what a handler throws, once its failed attempt is noted; as fold(); and
    /// ExpectationFailed where there is no end after `tasks_max`.
    std::vector<DrainedTask> drain(std::size_t tasks_max = 10'000);

    /// All rows of a view, by its key. Throws Error as `baton view` does: view_unknown.
    template <types::Declared Row>
    [[nodiscard]] std::vector<Row> rows(std::string_view view) {
        return decode_json<std::vector<Row>>(rows_json(view));
    }
    /// The same, as a JSON array.
    [[nodiscard]] std::string rows_json(std::string_view view);
    /// The rows of every live view as text, to compare with a golden file: "view", then a line of
    /// JSON for each row. In the order of names and keys.
    [[nodiscard]] std::string views_text();
    /// Folds; the events of this type, or all ("").
    [[nodiscard]] std::vector<LoggedEvent> events(std::string_view type = {});
    /// The newest 1000 tasks of a handler, or of all (""); the newest is the first.
    [[nodiscard]] std::vector<TestTask> tasks(std::string_view handler = {});

    /// Folds. Throws ExpectationFailed unless a task of the handler waits (whether it is ready or
    /// not) whose payload has these fields.
    template <class H, types::Declared Payload>
    void expect_enqueued(const Payload& payload) {
        expect_enqueued(H::name, encode_json(payload));
    }
    void expect_enqueued(std::string_view handler, std::string_view fields = "{}");
    /// Folds. Throws ExpectationFailed unless the log has such an event, with these fields.
    template <class E>
    requires requires { E::event_type; }
    void expect_dispatched(const E& content) {
        expect_dispatched(E::event_type, encode_json(content));
    }
    void expect_dispatched(std::string_view type, std::string_view fields = "{}");
    /// Throws ExpectationFailed where what readers see is of more than one version: a view set
    /// whose views are at several versions of it or at several positions, or a task set that is
    /// shown and whose members were done by another version of their handler than it is pinned to.
    void expect_no_version_mix();

    /// Folds, and then folds the log a second time into tables of its own, all at once and without
    /// effects. Throws ExpectationFailed where a live view has other rows than that gives: its
    /// reducer looks at something else than the events.
    void expect_views_rebuild();

    /// The next time that this point is passed whoever passes it dies there: the transaction that
    /// is open is rolled back, and nobody says goodbye. fold() and drain() go on with another one,
    /// as a fleet does, once the dead one's lease is over: so this sets the clock forward. Of the
    /// orchestrator: after_read, before_checkpoint, before_commit, after_commit; of a node:
    /// task_claimed, task_handled, task_done. One at a time, in the whole process. Throws
    /// Error(usage) for another one.
    void crash_at(std::string_view point);
    /// How often somebody died.
    [[nodiscard]] int crashes() const;

    /// What time it is here.
    [[nodiscard]] Timestamp now() const;
    void set_time(Timestamp time);
    void advance(std::chrono::microseconds time);

private:
    struct Inside;
    [[nodiscard]] TestParts& parts();
    void require_not_begun() const;

    std::unique_ptr<Inside> inside_;
};

}  // namespace baton::testing
